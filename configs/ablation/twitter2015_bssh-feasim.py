"""BSS-H on Twitter2015 by feature similarity, balanced first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/twitter2015_bssh-feasim.py

Source of every number: appendix table 2 of the paper. A row without a star: the fused classifier
alone is trained, hence alpha = 0. That rows have a star where unimodal predictions are needed is
known for three of them and our reading for the others. Text features are projected to the width
of the image features, as in the authors' code.
"""
_base_ = '../bss/twitter2015_bssh.py'
# A cosine needs features of one width.
model = dict(
    encoders=dict(text=dict(out_channels=2048)),
    fusion=dict(in_channels=dict(text=2048)),
    head=dict(
        _delete_=True, type='SplitHead', num_classes=3, fused_channels=4096))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='FeatureSimilarity',
    information=None)
custom_hooks = _base_.custom_hooks
