"""BSS-H on Twitter2015 with linear pacing.

Purpose: a row of the comparison of pacings.
Command: python tools/train.py configs/ablation/twitter2015_bssh-linear.py

Source of every number: appendix table 3 of the paper; lambda_0 and T_grow as in
../bss/twitter2015_bssh.py, whose pacing is the square root.
"""
_base_ = '../bss/twitter2015_bssh.py'
_base_.custom_hooks[0].scheduler.pacing = dict(type='linear', t_grow=40, lambda_0=0.1)
custom_hooks = _base_.custom_hooks
