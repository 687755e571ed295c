"""Affine modulation (FiLM) on AV-MNIST.

Purpose: the Affine row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/avmnist_affine.py

Source of every number: ./avmnist_concat.py has everything but the fusion. Scale and shift without
"1 +", the first modality modulating the last: authors' sibling repositories. It has no row in the
paper.
"""
_base_ = './avmnist_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='AffineFusion',
        in_channels=dict(image=64, audio=64)),
    head=dict(fused_channels=64))
