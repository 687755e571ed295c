"""BSS-H on VGGSound by feature similarity and training loss, balanced first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/ablation/vggsound_bssh-feasim-loss.py

Source of every number: appendix table 2 of the paper. A row without a star: the fused classifier
alone is trained, hence alpha = 0. That rows have a star where unimodal predictions are needed is
known for three of them and our reading for the others.
"""
_base_ = '../bss/vggsound_bssh.py'
model = dict(
    head=dict(
        _delete_=True, type='SplitHead', num_classes=309, fused_channels=1024))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='FeatureSimilarity',
    information=dict(type='TrainingLoss', alpha=0.0))
custom_hooks = _base_.custom_hooks
