"""BSS-L on CREMA-D: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/cremad_bssl.py

Source of every number: the five inherited files say theirs. The paper reports 82.80 accuracy,
88.61 MAP.
"""
_base_ = [
    '../_base_/datasets/cremad.py', '../_base_/models/cremad_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
