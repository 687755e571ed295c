"""Concatenation on NVGesture: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_concat.py

Source of every number: the five inherited files say theirs. The paper reports 81.33 accuracy,
81.47 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=25,
        fused_channels=3072))
