"""OGM on the spoken letters: the encoder of the dominant modality is slowed down.

Purpose: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/grid-letters_ogm.py

Source of every number: alpha 0.8 as published for CREMA-D; the first half of the epochs, as
published. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=False, begin=0, end=10)
]
