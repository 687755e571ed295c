"""Weighted sum of features on Twitter2015.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/twitter2015_weight.py

Source of every number: ./twitter2015_concat.py has everything but the fusion. Weights by the
softmax of the features: authors' sibling repositories, as are the projections to 256. The paper
reports 72.42 accuracy, 65.16 macro F1.
"""
_base_ = './twitter2015_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(text=768, image=2048),
        project=256),
    head=dict(fused_channels=256))
