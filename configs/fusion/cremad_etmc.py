"""Evidential fusion (ETMC) on CREMA-D.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/cremad_etmc.py

Source of every number: ./cremad_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. The paper reports 65.86 accuracy, 71.34 MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=6,
        in_channels=dict(audio=512, video=512),
        fused_channels=1024,
        annealing_epochs=10))
