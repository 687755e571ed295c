"""AMSS on VGGSound: each step updates a drawn part of every encoder.

Purpose: Concat with masked gradients.
Command: python tools/train.py configs/rebalance/vggsound_amss.py

Source of every number: temperature 0.2 and offset 0.5, AMSS's official code for audio and video.
It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/vggsound_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5)
]
