"""The model of BSS, in plainly shuffled order, on Sarcasm, protocol "clean".

Purpose: a validation list of its own; chosen on it, tested once.
Command: python tools/train.py configs/fusion/sarcasm-clean_multihead.py

Source of every number: ./sarcasm_multihead.py has the method, _base_/sarcasm-clean.py the lists,
which are our choice. It has no row in the paper.
"""
_base_ = ['./sarcasm_multihead.py', '../_base_/sarcasm-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
