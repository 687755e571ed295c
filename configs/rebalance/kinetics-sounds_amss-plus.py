"""AMSS+ on Kinetics-Sounds: what a step updates is weighed by how likely it was drawn.

Purpose: AMSS with the weights that its authors add for unbiased gradients.
Command: python tools/train.py configs/rebalance/kinetics-sounds_amss-plus.py

Source of every number: temperature 0.2, offset 0.5 and the weights, AMSS's official code for audio
and video. Everything else is inherited.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5, unbiased='official')
]
