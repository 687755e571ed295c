"""BSS-H on CREMA-D by prediction similarity, balanced first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/cremad_bssh-presim.py

Source of every number: appendix table 2 of the paper, which reports accuracies of 73.54 and 77.12
under two settings that it does not explain. A starred row: all heads are trained.
"""
_base_ = '../bss/cremad_bssh.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='PredictionSimilarity',
    information=None)
custom_hooks = _base_.custom_hooks
