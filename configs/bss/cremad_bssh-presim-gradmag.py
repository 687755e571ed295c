"""BSS-H on CREMA-D by prediction similarity and gradient magnitude, balanced or easy first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/bss/cremad_bssh-presim-gradmag.py

Source of every number: appendix table 2 of the paper. Starred row: all heads are trained. Which
rows carry the star is known for three of them; the others follow the same rule. Exact gradient
norm over all parameters: our choice, the paper prints no formula.
"""
_base_ = './cremad_bssh.py'
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='PredictionSimilarity',
    information=dict(type='GradientMagnitude', alpha=0.2))
custom_hooks = _base_.custom_hooks
