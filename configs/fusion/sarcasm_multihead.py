"""The model of BSS on Sarcasm, in plainly shuffled order.

Purpose: the vanilla control of BSS: same model, same loss, same inference, no curriculum.
Command: python tools/train.py configs/fusion/sarcasm_multihead.py

Source of every number: the five inherited files say theirs. The paper has this control for
Kinetics-Sounds alone (row "none" of table 3).
"""
_base_ = [
    '../_base_/datasets/sarcasm.py', '../_base_/models/sarcasm_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
