"""Sum of linear classifiers on the spoken letters.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/grid-letters_sum.py

Source of every number: ./grid-letters_concat.py has everything but the fusion. Its form: authors'
sibling repositories. It has no row in the paper.
"""
_base_ = './grid-letters_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=128, video=64),
        num_classes=25),
    head=dict(fused_channels=None))
