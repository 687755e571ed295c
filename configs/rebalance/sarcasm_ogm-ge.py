"""OGM-GE on Sarcasm: the dominant encoder is slowed down, all gradients get noise.

Purpose: OGM with the noise that its authors add for generalisation.
Command: python tools/train.py configs/rebalance/sarcasm_ogm-ge.py

Source of every number: alpha 0.8 as published for CREMA-D; epochs 0 to 50, OGM-GE paper and
published code, there of 100 epochs; min_ndim 2, so that BERT is modulated too, our choice. Adam
undoes the part of a factor that is the same in all steps. Everything else is inherited.
"""
_base_ = '../fusion/sarcasm_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=True, begin=0, end=50, min_ndim=2)
]
