"""Weighted sum of features on NVGesture.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_weight.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. Weights by the
softmax of the features: authors' sibling repositories. The paper reports 83.42 accuracy, 83.57
macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(rgb=1024, flow=1024, depth=1024)),
    head=dict(fused_channels=1024))
