"""Sum of linear classifiers on NVGesture.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_sum.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. Its form: authors'
sibling repositories. The paper reports 82.99 accuracy, 83.05 macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        num_classes=25),
    head=dict(fused_channels=None))
