"""BSS-H on Kinetics-Sounds: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/kinetics-sounds_bssh.py

Source of every number: the five inherited files say theirs. The paper reports 72.67 accuracy,
78.61 MAP.
"""
_base_ = [
    '../_base_/datasets/kinetics-sounds.py', '../_base_/models/kinetics-sounds_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
