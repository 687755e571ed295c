"""OGM on CREMA-D: the encoder of the dominant modality is slowed down.

Purpose: the OGM row of the paper: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/cremad_ogm.py

Source of every number: alpha 0.8 and epochs 0 to 50, OGM-GE paper and published code, there of
100 epochs; everything else is inherited. The BSS paper reports 66.94 accuracy, 71.73 MAP, and does
not say whether noise was on.
"""
_base_ = '../fusion/cremad_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=False, begin=0, end=50)
]
