"""OGM-GE on NVGesture: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/nvgesture_ogm-ge.py

Source of every number: alpha 0.8 as published for CREMA-D; epochs 0 to 50, OGM-GE paper and
published code, there of 100 epochs. Three modalities, of which the one with the largest share is
slowed down, are our extension. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=True, begin=0, end=50)
]
