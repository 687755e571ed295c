"""Concatenation of three I3D streams on NVGesture, in plainly shuffled order.

Purpose: the vanilla control of BSS: same model, same loss, same inference, no curriculum.
Command: python tools/train.py configs/fusion/nvgesture_concat.py

Source of every number: the four inherited files say theirs.
The paper's Concat row trains the fused classifier alone; for that, set
model.head.loss_weights.{rgb,flow,depth}=0, .fused=1 and model.head.inference_streams=('fused',).
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/nvgesture_sgd.py', '../_base_/default_runtime.py'
]
custom_hooks = [dict(type='ResumeOrderHook')]
