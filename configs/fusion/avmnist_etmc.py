"""Evidential fusion (ETMC) on AV-MNIST.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/avmnist_etmc.py

Source of every number: ./avmnist_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. It has no row in the paper.
"""
_base_ = './avmnist_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=10,
        in_channels=dict(image=64, audio=64),
        fused_channels=128,
        annealing_epochs=10))
