"""BSS-H on VGGSound by prediction similarity, balanced first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/vggsound_bssh-presim.py

Source of every number: appendix table 2 of the paper. A starred row: all heads are trained.
"""
_base_ = '../bss/vggsound_bssh.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='PredictionSimilarity',
    information=None)
custom_hooks = _base_.custom_hooks
