"""Sum of linear classifiers on CREMA-D.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_sum.py

Source of every number: ./cremad_concat.py has everything but the fusion. Its form: authors'
sibling repositories. The paper reports 63.44 accuracy, 69.08 MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=6),
    head=dict(fused_channels=None))
