"""CLIP's two towers as for Twitter2015, with 2 classes.

Purpose: the CLIP model of Sarcasm, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/sarcasm-clip_bssl.py uses it.

Source of every number: 2 classes, BSS paper, section 4.1; the inherited file says the others.
"""
_base_ = './twitter2015_clip_concat.py'
model = dict(head=dict(num_classes=2))
