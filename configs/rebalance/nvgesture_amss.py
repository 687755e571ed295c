"""AMSS on NVGesture: each step updates a drawn part of every encoder.

Purpose: the AMSS row of the paper: Concat with masked gradients.
Command: python tools/train.py configs/rebalance/nvgesture_amss.py

Source of every number: temperature 0.2, AMSS's official code; offset 0.5, its code for audio and
video, whose formula this is; the code for three modalities has 3, on other scales. The BSS paper
reports 84.64 accuracy, 84.94 macro F1. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5)
]
