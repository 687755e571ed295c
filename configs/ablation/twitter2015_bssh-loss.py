"""BSS-H on Twitter2015 by training loss, easy first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/twitter2015_bssh-loss.py

Source of every number: appendix table 2 of the paper. A row without a star: the fused classifier
alone is trained, hence alpha = 0.
"""
_base_ = '../bss/twitter2015_bssh.py'
model = dict(
    head=dict(
        _delete_=True, type='SplitHead', num_classes=3, fused_channels=2816))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation=None,
    information=dict(type='TrainingLoss', alpha=0.0))
custom_hooks = _base_.custom_hooks
