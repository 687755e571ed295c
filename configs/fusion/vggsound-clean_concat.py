"""Concatenation on VGGSound, protocol "clean".

Purpose: a validation list of its own; chosen on it, tested once.
Command: python tools/train.py configs/fusion/vggsound-clean_concat.py

Source of every number: ./vggsound_concat.py has the method, _base_/vggsound-clean.py the lists,
which are our choice. It has no row in the paper.
"""
_base_ = ['./vggsound_concat.py', '../_base_/vggsound-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
