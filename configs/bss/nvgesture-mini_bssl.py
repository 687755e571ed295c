"""BSS-L on the miniature of NVGesture.

Purpose: see BSS-L work within minutes and without the data set.
Command: python tools/train.py configs/bss/nvgesture-mini_bssl.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_bssl.py has the method;
_base_/nvgesture-mini.py has the sizes, which are our choice.
"""
_base_ = ['./nvgesture_bssl.py', '../_base_/nvgesture-mini.py']
train_dataloader = {{_base_.mini_train_dataloader}}
val_dataloader = {{_base_.mini_test_dataloader}}
test_dataloader = {{_base_.mini_test_dataloader}}
model = {{_base_.mini_model}}
train_cfg = {{_base_.mini_train_cfg}}
_base_.custom_hooks[0].scoring.pipeline = _base_.mini_scoring_pipeline
custom_hooks = _base_.custom_hooks
