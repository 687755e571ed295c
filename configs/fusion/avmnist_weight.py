"""Weighted sum of features on AV-MNIST.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/avmnist_weight.py

Source of every number: ./avmnist_concat.py has everything but the fusion. Weights by the softmax
of the features: authors' sibling repositories. It has no row in the paper.
"""
_base_ = './avmnist_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(image=64, audio=64)),
    head=dict(fused_channels=64))
