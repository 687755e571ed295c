"""BSS-H on Sarcasm with cube-root pacing.

Purpose: a row of the comparison of pacings.
Command: python tools/train.py configs/ablation/sarcasm_bssh-root3.py

Source of every number: appendix table 3 of the paper; lambda_0 and T_grow as in
../bss/sarcasm_bssh.py, whose pacing is the square root.
"""
_base_ = '../bss/sarcasm_bssh.py'
_base_.custom_hooks[0].scheduler.pacing = dict(type='root', power=3, t_grow=40, lambda_0=0.1)
custom_hooks = _base_.custom_hooks
