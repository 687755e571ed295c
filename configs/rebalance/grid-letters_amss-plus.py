"""AMSS+ on the spoken letters: what a step updates is weighed by how likely it was drawn.

Purpose: AMSS with the weights that its authors add for unbiased gradients.
Command: python tools/train.py configs/rebalance/grid-letters_amss-plus.py

Source of every number: temperature 0.2, offset 0.5 and the weights, AMSS's official code for audio
and video; everything else is inherited. It has no row in the paper.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5, unbiased='official')
]
