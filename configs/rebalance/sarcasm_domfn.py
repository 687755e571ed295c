"""DOMFN on Sarcasm: fuse only where the modalities agree.

Purpose: the DOMFN row of the paper: each sample decides whether the fused classifier takes part.
Command: python tools/train.py configs/rebalance/sarcasm_domfn.py

Source of every number: ../fusion/sarcasm_concat.py has everything but the head. gamma 0.8, eta 0.5
and tau 0.2: published code of DOMFN (resumes), whose other tau, 0.5, does nothing for two
modalities. 10 epochs of unimodal training: our choice, the code has 15 and 30. The BSS paper
reports 83.56 accuracy, 82.62 macro F1.
"""
_base_ = '../fusion/sarcasm_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='DOMFNHead',
        num_classes=2,
        in_channels=dict(text=768, image=2048),
        fused_channels=2816,
        gamma=0.8,
        eta=0.5,
        tau=0.2,
        pretrain_epochs=10))
