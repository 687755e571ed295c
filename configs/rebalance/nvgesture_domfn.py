"""DOMFN on NVGesture: fuse only where the modalities agree.

Purpose: each sample decides whether the fused classifier takes part.
Command: python tools/train.py configs/rebalance/nvgesture_domfn.py

Source of every number: ../fusion/nvgesture_concat.py has everything but the head. gamma 0.8, eta
0.5 and tau 0.2: published code of DOMFN (resumes); its other tau, 0.5, nearly always fuses three
modalities. 10 epochs of unimodal training: our choice, the code has 15 and 30. It has no row in
the paper.
"""
_base_ = '../fusion/nvgesture_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='DOMFNHead',
        num_classes=25,
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        fused_channels=3072,
        gamma=0.8,
        eta=0.5,
        tau=0.2,
        pretrain_epochs=10))
