"""Weighted sum of features on VGGSound.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/vggsound_weight.py

Source of every number: ./vggsound_concat.py has everything but the fusion. Weights by the softmax
of the features: authors' sibling repositories. It has no row in the paper.
"""
_base_ = './vggsound_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(audio=512, video=512)),
    head=dict(fused_channels=512))
