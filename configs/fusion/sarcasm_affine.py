"""Affine modulation (FiLM) on Sarcasm.

Purpose: the Affine row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/sarcasm_affine.py

Source of every number: ./sarcasm_concat.py has everything but the fusion. Scale and shift without
"1 +", the first modality modulating the last: authors' sibling repositories. The paper reports
82.47 accuracy, 81.88 macro F1.
"""
_base_ = './sarcasm_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='AffineFusion',
        in_channels=dict(text=768, image=2048)),
    head=dict(fused_channels=2048))
