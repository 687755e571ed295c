"""The model of BSS on the spoken letters, in plainly shuffled order.

Purpose: the vanilla control of BSS: same model, same loss, same inference, no curriculum.
Command: python tools/train.py configs/fusion/grid-letters_multihead.py

Source of every number: the five inherited files say theirs. The paper has this control for
Kinetics-Sounds alone (row "none" of table 3).
"""
_base_ = [
    '../_base_/datasets/grid-letters.py', '../_base_/models/grid-letters_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
