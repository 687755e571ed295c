"""Sum of linear classifiers on Kinetics-Sounds.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/kinetics-sounds_sum.py

Source of every number: ./kinetics-sounds_concat.py has everything but the fusion. Its form:
authors' sibling repositories. The paper reports 64.97 accuracy, 71.03 MAP.
"""
_base_ = './kinetics-sounds_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=31),
    head=dict(fused_channels=None))
