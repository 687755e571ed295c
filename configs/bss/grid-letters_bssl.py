"""BSS-L on the spoken letters: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/grid-letters_bssl.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/grid-letters.py', '../_base_/models/grid-letters_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
