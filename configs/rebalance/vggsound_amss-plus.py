"""AMSS+ on VGGSound: what a step updates is weighed by how likely it was drawn.

Purpose: AMSS with the weights that its authors add for unbiased gradients.
Command: python tools/train.py configs/rebalance/vggsound_amss-plus.py

Source of every number: temperature 0.2, offset 0.5 and the weights, AMSS's official code for audio
and video. It has no row in the paper. Everything else is inherited.
"""
_base_ = '../fusion/vggsound_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5, unbiased='official')
]
