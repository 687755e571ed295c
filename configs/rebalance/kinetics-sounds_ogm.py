"""OGM on Kinetics-Sounds: the encoder of the dominant modality is slowed down.

Purpose: the OGM row of the paper: Concat with gradient modulation, without noise.
Command: python tools/train.py configs/rebalance/kinetics-sounds_ogm.py

Source of every number: alpha 0.8 as published for CREMA-D; epochs 0 to 50, OGM-GE paper and
published code, there of 100 epochs. The BSS paper reports 66.06 accuracy, 71.44 MAP, and does not
say whether noise was on. Everything else is inherited.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='OGMHook', alpha=0.8, noise=False, begin=0, end=50)
]
