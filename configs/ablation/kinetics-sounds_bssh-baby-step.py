"""BSS-H on Kinetics-Sounds with baby-step pacing.

Purpose: a row of the comparison of pacings.
Command: python tools/train.py configs/ablation/kinetics-sounds_bssh-baby-step.py

Source of every number: appendix table 3 of the paper; lambda_0 and T_grow as in ../bss/kinetics-
sounds_bssh.py, whose pacing is the square root. Five equal steps: our choice.
"""
_base_ = '../bss/kinetics-sounds_bssh.py'
_base_.custom_hooks[0].scheduler.pacing = dict(type='baby_step', t_grow=40, lambda_0=0.1)
custom_hooks = _base_.custom_hooks
