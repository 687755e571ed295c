"""Concatenation on the spoken letters: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/grid-letters_concat.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/grid-letters.py', '../_base_/models/grid-letters_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=25,
        fused_channels=192))
