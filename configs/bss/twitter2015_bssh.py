"""BSS-H on Twitter2015: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/twitter2015_bssh.py

Source of every number: the five inherited files say theirs. The paper reports 74.73 accuracy,
68.67 macro F1.
"""
_base_ = [
    '../_base_/datasets/twitter2015.py', '../_base_/models/twitter2015_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
