"""BSS-H on CREMA-D: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/cremad_bssh.py

Source of every number: the five inherited files say theirs. The paper reports 80.78 accuracy,
87.86 MAP.
"""
_base_ = [
    '../_base_/datasets/cremad.py', '../_base_/models/cremad_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
