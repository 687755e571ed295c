"""OGM-GE on CREMA-D: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/cremad_ogm-ge.py

Source of every number: alpha 0.8 and epochs 0 to 50, OGM-GE paper and published code, there of
100 epochs; everything else is inherited.
"""
_base_ = '../fusion/cremad_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=True, begin=0, end=50)
]
