"""Optical flow alone on the miniature of NVGesture.

Purpose: the unimodal control of the miniature.
Command: python tools/train.py configs/unimodal/nvgesture-mini_flow.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_flow.py has the method;
_base_/nvgesture-mini.py has the sizes, which are our choice.
"""
_base_ = ['./nvgesture_flow.py', '../_base_/nvgesture-mini.py']
train_dataloader = {{_base_.mini_train_dataloader}}
val_dataloader = {{_base_.mini_test_dataloader}}
test_dataloader = {{_base_.mini_test_dataloader}}
model = {{_base_.mini_unimodal_model}}
train_cfg = {{_base_.mini_train_cfg}}
