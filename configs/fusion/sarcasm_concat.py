"""Concatenation on Sarcasm: one classifier on all features.

Purpose: the Concat row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/sarcasm_concat.py

Source of every number: the five inherited files say theirs. The paper reports 82.86 accuracy,
82.43 macro F1.
"""
_base_ = [
    '../_base_/datasets/sarcasm.py', '../_base_/models/sarcasm_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    head=dict(
        _delete_=True,
        type='SplitHead',
        num_classes=2,
        fused_channels=2816))
