"""BSS-L on VGGSound by training loss alone.

Purpose: a row of table 3, the ablation of the two criteria.
Command: python tools/train.py configs/ablation/vggsound_bssl-loss.py

Source of every number: table 3 of the paper; ../bss/vggsound_bssl.py has everything else.
"""
_base_ = '../bss/vggsound_bssl.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer', correlation=None, information=dict(type='TrainingLoss', alpha=0.2))
custom_hooks = _base_.custom_hooks
