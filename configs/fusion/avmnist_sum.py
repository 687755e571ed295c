"""Sum of linear classifiers on AV-MNIST.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/avmnist_sum.py

Source of every number: ./avmnist_concat.py has everything but the fusion. Its form: authors'
sibling repositories. It has no row in the paper.
"""
_base_ = './avmnist_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(image=64, audio=64),
        num_classes=10),
    head=dict(fused_channels=None))
