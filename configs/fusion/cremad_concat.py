"""Concatenation on CREMA-D: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_concat.py

Source of every number: the five inherited files say theirs. The paper reports 63.31 accuracy,
68.31 MAP.
"""
_base_ = [
    '../_base_/datasets/cremad.py', '../_base_/models/cremad_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=6,
        fused_channels=1024))
