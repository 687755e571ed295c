"""DOMFN on Twitter2015: fuse only where the modalities agree.

Purpose: the DOMFN row of the paper: each sample decides whether the fused classifier takes part.
Command: python tools/train.py configs/rebalance/twitter2015_domfn.py

Source of every number: ../fusion/twitter2015_concat.py has everything but the head. gamma 0.8, eta
0.5 and tau 0.2: published code of DOMFN (resumes), whose other tau, 0.5, does nothing for two
modalities. 10 epochs of unimodal training: our choice, the code has 15 and 30. The BSS paper
reports 74.45 accuracy, 68.57 macro F1.
"""
_base_ = '../fusion/twitter2015_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='DOMFNHead',
        num_classes=3,
        in_channels=dict(text=768, image=2048),
        fused_channels=2816,
        gamma=0.8,
        eta=0.5,
        tau=0.2,
        pretrain_epochs=10))
