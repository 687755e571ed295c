"""BSS-H on Sarcasm: heuristic balance-aware order, as the paper has it.

Purpose: train the model on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/sarcasm_bssh.py

Source of every number: the five inherited files say theirs. The paper reports 84.41 accuracy,
83.86 macro F1.
"""
_base_ = [
    '../_base_/datasets/sarcasm.py', '../_base_/models/sarcasm_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/bssh.py',
    '../_base_/default_runtime.py'
]
