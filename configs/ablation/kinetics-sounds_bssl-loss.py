"""BSS-L on Kinetics-Sounds by training loss alone.

Purpose: a row of table 3, the ablation of the two criteria.
Command: python tools/train.py configs/ablation/kinetics-sounds_bssl-loss.py

Source of every number: table 3 of the paper (72.44 accuracy, 79.41 MAP); ../bss/kinetics-
sounds_bssl.py has everything else.
"""
_base_ = '../bss/kinetics-sounds_bssl.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer', correlation=None, information=dict(type='TrainingLoss', alpha=0.2))
custom_hooks = _base_.custom_hooks
