"""Evidential fusion (ETMC) on Twitter2015.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/twitter2015_etmc.py

Source of every number: ./twitter2015_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. The paper reports 73.96 accuracy, 67.39 macro F1.
"""
_base_ = './twitter2015_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=3,
        in_channels=dict(text=768, image=2048),
        fused_channels=2816,
        annealing_epochs=10))
