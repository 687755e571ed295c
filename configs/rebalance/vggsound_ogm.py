"""OGM on VGGSound: the encoder of the dominant modality is slowed down.

Purpose: the OGM row of the paper: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/vggsound_ogm.py

Source of every number: alpha 0.1 and epochs 0 to 50, OGM-GE paper and published code, there of 100
epochs. The BSS paper reports 48.29 accuracy, 49.78 MAP, and does not say whether noise was on.
Everything else is inherited.
"""
_base_ = '../fusion/vggsound_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.1, noise=False, begin=0, end=50)
]
