"""Weighted sum of features on Kinetics-Sounds.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/kinetics-sounds_weight.py

Source of every number: ./kinetics-sounds_concat.py has everything but the fusion. Weights by the
softmax of the features: authors' sibling repositories. The paper reports 65.33 accuracy, 71.33
MAP.
"""
_base_ = './kinetics-sounds_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(audio=512, video=512)),
    head=dict(fused_channels=512))
