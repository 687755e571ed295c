"""MSLR on NVGesture: a learning rate for each modality.

Purpose: the MSLR row of the paper: late fusion whose modalities learn faster or slower as their
accuracy rises or falls.
Command: python tools/train.py configs/rebalance/nvgesture_mslr.py

Source of every number: window 5, published code; factors 0.9 for depth, which predicts best alone
(table 1), 1.1 for colour, which does worst, and 1 for flow, our choice after those for audio and
video. The BSS paper reports 82.86 accuracy, 82.92 macro F1. What it decides by is measured on the
validation list, here the test list. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_sum.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(rgb=1.1, flow=1.0, depth=0.9))
]
