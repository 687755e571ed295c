"""BSS-H on VGGSound: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/vggsound_bssh.py

Source of every number: the five inherited files say theirs. The paper reports 51.61 accuracy,
55.68 MAP.
"""
_base_ = [
    '../_base_/datasets/vggsound.py', '../_base_/models/vggsound_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
