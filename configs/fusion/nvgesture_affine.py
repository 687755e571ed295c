"""Affine modulation (FiLM) on NVGesture.

Purpose: the Affine row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_affine.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. Scale and shift
without "1 +", the first modality modulating the last: authors' sibling repositories; for three
modalities the sum of their scales and shifts is our choice. The paper reports 82.78 accuracy,
82.81 macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='AffineFusion',
        in_channels=dict(rgb=1024, flow=1024, depth=1024)),
    head=dict(fused_channels=1024))
