"""Evidential fusion (ETMC) on Kinetics-Sounds.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/kinetics-sounds_etmc.py

Source of every number: ./kinetics-sounds_concat.py has everything but the fusion. Annealing over
10 epochs: published code of ETMC. The paper reports 65.67 accuracy, 71.19 MAP.
"""
_base_ = './kinetics-sounds_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=31,
        in_channels=dict(audio=512, video=512),
        fused_channels=1024,
        annealing_epochs=10))
