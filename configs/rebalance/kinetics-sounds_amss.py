"""AMSS on Kinetics-Sounds: each step updates a drawn part of every encoder.

Purpose: the AMSS row of the paper: Concat with masked gradients.
Command: python tools/train.py configs/rebalance/kinetics-sounds_amss.py

Source of every number: temperature 0.2 and offset 0.5, AMSS's official code for audio and video.
The BSS paper reports 72.25 accuracy, 79.13 MAP. Everything else is inherited.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5)
]
