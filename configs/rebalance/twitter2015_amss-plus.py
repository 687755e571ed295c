"""AMSS+ on Twitter2015: what a step updates is weighed by how likely it was drawn.

Purpose: AMSS with the weights that its authors add for unbiased gradients.
Command: python tools/train.py configs/rebalance/twitter2015_amss-plus.py

Source of every number: temperature 0.2 and offset 0.5, AMSS's official code for audio and video,
whose formula this is; the code for text and image divides by 0.5 but not by the entropy of the
features. The weights: its official code. Everything else is inherited.
"""
_base_ = '../fusion/twitter2015_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5, unbiased='official')
]
