"""Weighted sum of features on CREMA-D.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_weight.py

Source of every number: ./cremad_concat.py has everything but the fusion. Weights by the softmax
of the features: authors' sibling repositories. The paper reports 66.53 accuracy, 73.26 MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(audio=512, video=512)),
    head=dict(fused_channels=512))
