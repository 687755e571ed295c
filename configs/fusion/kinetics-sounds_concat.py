"""Concatenation on Kinetics-Sounds: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/kinetics-sounds_concat.py

Source of every number: the five inherited files say theirs. The paper reports 64.55 accuracy,
71.31 MAP.
"""
_base_ = [
    '../_base_/datasets/kinetics-sounds.py', '../_base_/models/kinetics-sounds_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=31,
        fused_channels=1024))
