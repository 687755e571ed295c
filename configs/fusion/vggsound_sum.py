"""Sum of linear classifiers on VGGSound.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/vggsound_sum.py

Source of every number: ./vggsound_concat.py has everything but the fusion. Its form: authors'
sibling repositories. It has no row in the paper.
"""
_base_ = './vggsound_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=309),
    head=dict(fused_channels=None))
