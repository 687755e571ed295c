"""Affine modulation (FiLM) on CREMA-D.

Purpose: the Affine row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_affine.py

Source of every number: ./cremad_concat.py has everything but the fusion. Scale and shift without
"1 +", the first modality modulating the last: authors' sibling repositories. The paper reports
66.26 accuracy, 71.93 MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='AffineFusion',
        in_channels=dict(audio=512, video=512)),
    head=dict(fused_channels=512))
