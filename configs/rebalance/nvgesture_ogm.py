"""OGM on NVGesture: the encoder of the dominant modality is slowed down.

Purpose: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/nvgesture_ogm.py

Source of every number: alpha 0.8 as published for CREMA-D; epochs 0 to 50, OGM-GE paper and
published code, there of 100 epochs. Three modalities, of which the one with the largest share is
slowed down, are our extension. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=False, begin=0, end=50)
]
