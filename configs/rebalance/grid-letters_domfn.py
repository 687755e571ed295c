"""DOMFN on the spoken letters: fuse only where the modalities agree.

Purpose: the DOMFN row of the paper: each sample decides whether the fused classifier takes part.
Command: python tools/train.py configs/rebalance/grid-letters_domfn.py

Source of every number: ../fusion/grid-letters_concat.py has everything but the head. gamma 0.8,
eta 0.5 and tau 0.2: published code of DOMFN (resumes), whose other tau, 0.5, does nothing for two
modalities. 5 of 20 epochs of unimodal training: our choice. It has no row in the paper.
"""
_base_ = '../fusion/grid-letters_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='DOMFNHead',
        num_classes=25,
        in_channels=dict(audio=128, video=64),
        fused_channels=192,
        gamma=0.8,
        eta=0.5,
        tau=0.2,
        pretrain_epochs=5))
