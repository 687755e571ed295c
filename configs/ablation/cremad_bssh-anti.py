"""BSS-H on CREMA-D by prediction similarity and training loss, imbalanced first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/cremad_bssh-anti.py

Source of every number: appendix table 2 of the paper, which reports accuracies of 64.88 and 72.94
under two settings that it does not explain. A starred row: all heads are trained.
"""
_base_ = '../bss/cremad_bssh.py'
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
