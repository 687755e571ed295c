"""OGM-GE on VGGSound: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/vggsound_ogm-ge.py

Source of every number: alpha 0.1 and epochs 0 to 50, OGM-GE paper and published code, there of 100
epochs. Everything else is inherited.
"""
_base_ = '../fusion/vggsound_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.1, noise=True, begin=0, end=50)
]
