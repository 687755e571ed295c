"""Affine modulation (FiLM) on Twitter2015.

Purpose: the Affine row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/twitter2015_affine.py

Source of every number: ./twitter2015_concat.py has everything but the fusion. Scale and shift
without "1 +", the first modality modulating the last: authors' sibling repositories. The paper
reports 72.03 accuracy, 59.92 macro F1.
"""
_base_ = './twitter2015_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='AffineFusion',
        in_channels=dict(text=768, image=2048)),
    head=dict(fused_channels=2048))
