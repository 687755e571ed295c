"""Evidential fusion (ETMC) on NVGesture.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/nvgesture_etmc.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. The paper reports 83.61 accuracy, 83.69 macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=25,
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        fused_channels=3072,
        annealing_epochs=10))
