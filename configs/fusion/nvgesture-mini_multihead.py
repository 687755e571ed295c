"""Concatenation of three I3D streams on the miniature, in plainly shuffled order.

Purpose: the vanilla control of the miniature.
Command: python tools/train.py configs/fusion/nvgesture-mini_multihead.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_multihead.py has the method;
_base_/nvgesture-mini.py has the sizes, which are our choice.
"""
_base_ = ['./nvgesture_multihead.py', '../_base_/nvgesture-mini.py']
train_dataloader = {{_base_.mini_train_dataloader}}
val_dataloader = {{_base_.mini_test_dataloader}}
test_dataloader = {{_base_.mini_test_dataloader}}
model = {{_base_.mini_model}}
train_cfg = {{_base_.mini_train_cfg}}
