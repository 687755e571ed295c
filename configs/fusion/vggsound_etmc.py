"""Evidential fusion (ETMC) on VGGSound.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/vggsound_etmc.py

Source of every number: ./vggsound_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. It has no row in the paper.
"""
_base_ = './vggsound_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=309,
        in_channels=dict(audio=512, video=512),
        fused_channels=1024,
        annealing_epochs=10))
