"""BSS-H on Sarcasm by feature similarity and training loss, imbalanced first (anti-CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/sarcasm_bssh-feasim-loss-anti.py

Source of every number: appendix table 2 of the paper. A row without a star: the fused classifier
alone is trained, hence alpha = 0. That rows have a star where unimodal predictions are needed is
known for three of them and our reading for the others. Text features are projected to the width
of the image features, as in the authors' code.
"""
_base_ = '../bss/sarcasm_bssh.py'
# A cosine needs features of one width.
model = dict(
    encoders=dict(text=dict(out_channels=2048)),
    fusion=dict(in_channels=dict(text=2048)),
    head=dict(
        _delete_=True, type='SplitHead', num_classes=2, fused_channels=4096))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='FeatureSimilarity',
    information=dict(type='TrainingLoss', alpha=0.0))
_base_.custom_hooks[0].scheduler.order = 'imbalanced_first'
custom_hooks = _base_.custom_hooks
