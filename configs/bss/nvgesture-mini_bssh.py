"""BSS-H on the miniature of NVGesture.

Purpose: see BSS-H work within minutes and without the data set.
Command: python tools/train.py configs/bss/nvgesture-mini_bssh.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_bssh.py has the method.
Sizes are our choice, made for two CPU cores.
"""
_base_ = ['./nvgesture_bssh.py', '../_base_/datasets/nvgesture-mini.py']
mini_data = dict(data_root='data/nvgesture-mini', num_classes=8)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    dataset=dict(pipeline={{_base_.mini_train_pipeline}}, **mini_data))
val_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(pipeline={{_base_.mini_test_pipeline}}, **mini_data))
test_dataloader = val_dataloader
model = dict(
    encoders=dict(rgb=dict(width=0.125), flow=dict(width=0.125), depth=dict(width=0.125)),
    fusion=dict(in_channels=dict(rgb=128, flow=128, depth=128)),
    head=dict(
        num_classes=8, in_channels=dict(rgb=128, flow=128, depth=128), fused_channels=384))
train_cfg = dict(max_epochs=15, val_interval=3)
# T_grow stays a third of the epochs.
_base_.custom_hooks[0].scheduler.pacing.t_grow = 5
_base_.custom_hooks[0].scoring.pipeline = _base_.mini_scoring_pipeline
custom_hooks = _base_.custom_hooks
