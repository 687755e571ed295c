"""BSS-H on CREMA-D by training loss, hard first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/cremad_bssh-loss-anti.py

Source of every number: appendix table 2 of the paper, which reports accuracies of 59.46 and 68.98
under two settings that it does not explain. A row without a star: the fused classifier alone is
trained, hence alpha = 0.
"""
_base_ = '../bss/cremad_bssh.py'
model = dict(
    head=dict(
        _delete_=True, type='SplitHead', num_classes=6, fused_channels=1024))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation=None,
    information=dict(type='TrainingLoss', alpha=0.0))
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
