"""BSS-L on Twitter2015 with CLIP: learning-based balance-aware order, as the paper has it.

Purpose: train the model in an order drawn by balance scores.
Command: python tools/train.py configs/bss/twitter2015-clip_bssl.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/twitter2015-clip.py', '../_base_/models/twitter2015_clip_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/bssl.py',
    '../_base_/default_runtime.py'
]
