"""BSS-L on Kinetics-Sounds: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/kinetics-sounds_bssl.py

Source of every number: the five inherited files say theirs. The paper reports 73.95 accuracy,
79.43 MAP.
"""
_base_ = [
    '../_base_/datasets/kinetics-sounds.py', '../_base_/models/kinetics-sounds_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
