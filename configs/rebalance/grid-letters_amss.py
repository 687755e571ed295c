"""AMSS on the spoken letters: each step updates a drawn part of every encoder.

Purpose: Concat with masked gradients.
Command: python tools/train.py configs/rebalance/grid-letters_amss.py

Source of every number: temperature 0.2 and offset 0.5, AMSS's official code for audio and video;
everything else is inherited. It has no row in the paper.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='AMSSHook', temperature=0.2, offset=0.5)
]
