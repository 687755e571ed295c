"""Weighted sum of features on Sarcasm.

Purpose: the Weighted row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/sarcasm_weight.py

Source of every number: ./sarcasm_concat.py has everything but the fusion. Weights by the softmax
of the features: authors' sibling repositories, as are the projections to 256. The paper reports
82.65 accuracy, 82.19 macro F1.
"""
_base_ = './sarcasm_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='WeightFusion',
        in_channels=dict(text=768, image=2048),
        project=256),
    head=dict(fused_channels=256))
