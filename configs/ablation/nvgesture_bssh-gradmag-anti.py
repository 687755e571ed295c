"""BSS-H on NVGesture by gradient magnitude, hard first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/nvgesture_bssh-gradmag-anti.py

Source of every number: appendix table 2 of the paper. A row without a star: the fused classifier
alone is trained, hence alpha = 0. That rows have a star where unimodal predictions are needed is
known for three of them and our reading for the others. The norm is exact and over all parameters:
our choice, no formula is printed.
"""
_base_ = '../bss/nvgesture_bssh.py'
model = dict(
    head=dict(
        _delete_=True, type='SplitHead', num_classes=25, fused_channels=3072))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation=None,
    information=dict(type='GradientMagnitude', alpha=0.0))
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
