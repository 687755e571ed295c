"""BSS-L on NVGesture, protocol "clean".

Purpose: a validation list of its own; chosen on it, tested once.
Command: python tools/train.py configs/bss/nvgesture-clean_bssl.py

Source of every number: ./nvgesture_bssl.py has the method, _base_/nvgesture-clean.py the lists,
which are our choice. It has no row in the paper.
"""
_base_ = ['./nvgesture_bssl.py', '../_base_/nvgesture-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
