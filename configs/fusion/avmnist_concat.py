"""Concatenation on AV-MNIST: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/avmnist_concat.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/avmnist.py', '../_base_/models/avmnist_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=10,
        fused_channels=128))
