"""OGM on Twitter2015: the encoder of the dominant modality is slowed down.

Purpose: the OGM row of the paper: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/twitter2015_ogm.py

Source of every number: alpha 0.8 as published for CREMA-D; epochs 0 to 50, OGM-GE paper and
published code, there of 100 epochs; min_ndim 2, so that BERT is modulated too, our choice. Adam
undoes the part of a factor that is the same in all steps. The BSS paper reports 74.92 accuracy,
68.74 macro F1, and does not say whether noise was on. Everything else is inherited.
"""
_base_ = '../fusion/twitter2015_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=False, begin=0, end=50, min_ndim=2)
]
