"""depth alone on the miniature of NVGesture.

Purpose: the unimodal control of the miniature.
Command: python tools/train.py configs/unimodal/nvgesture-mini_depth.py
(after python tools/data/nvgesture/make_miniature.py)

Source of every number: ./nvgesture_depth.py has the method.
Sizes are our choice, made for two CPU cores.
"""
_base_ = ['./nvgesture_depth.py', '../_base_/datasets/nvgesture-mini.py']
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
model = dict(encoder=dict(width=0.125), num_classes=8)
train_cfg = dict(max_epochs=15, val_interval=3)
