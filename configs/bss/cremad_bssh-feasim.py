"""BSS-H on CREMA-D by feature similarity, balanced or easy first (CL).

Purpose: a row of the comparison of criteria.
Command: python tools/train.py configs/bss/cremad_bssh-feasim.py

Source of every number: appendix table 2 of the paper. Row without a star: the fused classifier
alone is trained, hence alpha = 0. Which rows carry the star is known for three of them; the
others follow the same rule.
"""
_base_ = './cremad_bssh.py'
model = dict(head=dict(_delete_=True, type='SplitHead', num_classes=6, fused_channels=1024))
_base_.custom_hooks[0].measurer = dict(
    type='BalanceMeasurer',
    correlation='FeatureSimilarity',
    information=None)
custom_hooks = _base_.custom_hooks
