"""Concatenation on CREMA-D, protocol "clean".

Purpose: speaker-independent lists; chosen on validation, tested once.
Command: python tools/train.py configs/fusion/cremad-clean_concat.py

Source of every number: ./cremad_concat.py has the method, _base_/cremad-clean.py the lists, which
are our choice. It has no row in the paper.
"""
_base_ = ['./cremad_concat.py', '../_base_/cremad-clean.py']
train_dataloader = {{_base_.clean_train_dataloader}}
val_dataloader = {{_base_.clean_val_dataloader}}
test_dataloader = {{_base_.clean_test_dataloader}}
