"""BSS-L in somebody else's mmaction2 project: an unmodified RGBPoseConv3D.

Purpose: show the two entries that turn BSS on, and nothing else.
Command: python tools/train.py configs/bss/rgbpose-mini_bssl.py
(after python tools/data/rgbpose/make_miniature.py)

Source of every number: interval 1 is our choice for six epochs; the rest of BSS-L is the paper's
default, the model and its training are ../fusion/rgbpose-mini_conv3d.py.
"""
_base_ = '../fusion/rgbpose-mini_conv3d.py'
custom_imports = dict(imports=['projects.bss'], allow_failed_imports=False)
train_dataloader = dict(sampler=dict(type='BalanceSampler'))
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(type='LearningBasedScheduler', interval=1),
        probe=dict(logits=dict(rgb='cls_head.fc_rgb', pose='cls_head.fc_pose')))
]
