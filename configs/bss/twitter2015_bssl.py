"""BSS-L on Twitter2015: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/twitter2015_bssl.py

Source of every number: the five inherited files say theirs. The paper reports 75.22 accuracy,
69.51 macro F1.
"""
_base_ = [
    '../_base_/datasets/twitter2015.py', '../_base_/models/twitter2015_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
