"""MSLR on Twitter2015: a learning rate for each modality.

Purpose: the MSLR row of the paper: late fusion whose modalities learn faster or slower as their
accuracy rises or falls.
Command: python tools/train.py configs/rebalance/twitter2015_mslr.py

Source of every number: window 5, published code; factors 0.9 for the text, which predicts better
alone (table 1), and 1.1 for the image, our choice after those for audio and video. The BSS paper
reports 72.52 accuracy, 64.39 macro F1. Everything else is inherited.
"""
_base_ = '../fusion/twitter2015_sum.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(text=0.9, image=1.1))
]
