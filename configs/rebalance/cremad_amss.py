"""AMSS on CREMA-D: each step updates a drawn part of every encoder.

Purpose: the AMSS row of the paper: Concat with masked gradients.
Command: python tools/train.py configs/rebalance/cremad_amss.py

Source of every number: temperature 0.2 and offset 0.5, AMSS's official code for audio and video;
everything else is inherited. The BSS paper reports 70.30 accuracy, 76.14 MAP.
"""
_base_ = '../fusion/cremad_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5)
]
