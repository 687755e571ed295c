"""Sum of linear classifiers on Twitter2015.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/twitter2015_sum.py

Source of every number: ./twitter2015_concat.py has everything but the fusion. Its form: authors'
sibling repositories. The paper reports 73.12 accuracy, 66.61 macro F1.
"""
_base_ = './twitter2015_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(text=768, image=2048),
        num_classes=3),
    head=dict(fused_channels=None))
