"""The model of BSS on CREMA-D, in plainly shuffled order.

Purpose: the vanilla control of BSS: same model, same loss, same inference, no curriculum.
Command: python tools/train.py configs/fusion/cremad_multihead.py

Source of every number: the five inherited files say theirs. The paper has this control for
Kinetics-Sounds alone (row "none" of table 3).
"""
_base_ = [
    '../_base_/datasets/cremad.py', '../_base_/models/cremad_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
