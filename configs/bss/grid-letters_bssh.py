"""BSS-H on the spoken letters: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/grid-letters_bssh.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/grid-letters.py', '../_base_/models/grid-letters_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
# T_grow stays a third of the epochs.
_base_.custom_hooks[0].scheduler.pacing.t_grow = 7
custom_hooks = _base_.custom_hooks
