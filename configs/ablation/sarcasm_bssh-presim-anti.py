"""BSS-H on Sarcasm by prediction similarity, imbalanced first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/sarcasm_bssh-presim-anti.py

Source of every number: appendix table 2 of the paper. A starred row: all heads are trained.
"""
_base_ = '../bss/sarcasm_bssh.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='PredictionSimilarity',
    information=None)
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
