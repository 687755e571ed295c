"""BSS-H on the miniature of NVGesture.

Purpose: see BSS-H work within minutes and without the data set.
Command: python tools/train.py configs/bss/nvgesture-mini_bssh.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_bssh.py has the method;
_base_/nvgesture-mini.py has the sizes, which are our choice.
"""
_base_ = ['./nvgesture_bssh.py', '../_base_/nvgesture-mini.py']
train_dataloader = {{_base_.mini_train_dataloader}}
val_dataloader = {{_base_.mini_test_dataloader}}
test_dataloader = {{_base_.mini_test_dataloader}}
model = {{_base_.mini_model}}
train_cfg = {{_base_.mini_train_cfg}}
_base_.custom_hooks[0].scoring.pipeline = _base_.mini_scoring_pipeline
# T_grow stays a third of the epochs.
_base_.custom_hooks[0].scheduler.pacing.t_grow = 5
custom_hooks = _base_.custom_hooks
