"""Concatenation on VGGSound: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/vggsound_concat.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/vggsound.py', '../_base_/models/vggsound_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=309,
        fused_channels=1024))
