"""AMSS+ on NVGesture: what a step updates is weighed by how likely it was drawn.

Purpose: AMSS with the weights that its authors add for unbiased gradients.
Command: python tools/train.py configs/rebalance/nvgesture_amss-plus.py

Source of every number: temperature 0.2, AMSS's official code; offset 0.5, its code for audio and
video, whose formula this is; the code for three modalities has 3, on other scales. The weights:
its official code. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5, unbiased='official')
]
