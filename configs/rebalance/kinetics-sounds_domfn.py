"""DOMFN on Kinetics-Sounds: fuse only where the modalities agree.

Purpose: the DOMFN row of the paper: each sample decides whether the fused classifier takes part.
Command: python tools/train.py configs/rebalance/kinetics-sounds_domfn.py

Source of every number: ../fusion/kinetics-sounds_concat.py has everything but the head. gamma 0.8,
eta 0.5 and tau 0.2: published code of DOMFN (resumes), whose other tau, 0.5, does nothing for two
modalities. 10 epochs of unimodal training: our choice, the code has 15 and 30. The BSS paper
reports 66.25 accuracy, 72.44 MAP.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='DOMFNHead',
        num_classes=31,
        in_channels=dict(audio=512, video=512),
        fused_channels=1024,
        gamma=0.8,
        eta=0.5,
        tau=0.2,
        pretrain_epochs=10))
