"""OGM-GE on the spoken letters: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/grid-letters_ogm-ge.py

Source of every number: alpha 0.8 as published for CREMA-D; the first half of the epochs, as
published. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=True, begin=0, end=10)
]
