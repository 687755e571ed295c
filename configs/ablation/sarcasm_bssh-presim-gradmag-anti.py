"""BSS-H on Sarcasm by prediction similarity and gradient magnitude, imbalanced first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/sarcasm_bssh-presim-gradmag-anti.py

Source of every number: appendix table 2 of the paper. A starred row: all heads are trained. That
rows have a star where unimodal predictions are needed is known for three of them and our reading
for the others. The norm is exact and over all parameters: our choice, no formula is printed.
"""
_base_ = '../bss/sarcasm_bssh.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='PredictionSimilarity',
    information=dict(type='GradientMagnitude', alpha=0.2))
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
