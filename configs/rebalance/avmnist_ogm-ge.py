"""OGM-GE on AV-MNIST: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/avmnist_ogm-ge.py

Source of every number: alpha 0.8 as published for CREMA-D; the first half of the epochs, as
published. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/avmnist_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=True, begin=0, end=10)
]
