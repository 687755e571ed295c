"""BSS-L on Sarcasm: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/sarcasm_bssl.py

Source of every number: the five inherited files say theirs. The paper reports 85.01 accuracy,
84.62 macro F1.
"""
_base_ = [
    '../_base_/datasets/sarcasm.py', '../_base_/models/sarcasm_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
