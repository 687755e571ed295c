"""MSLR on VGGSound: a learning rate for each modality.

Purpose: late fusion whose modalities learn faster or slower as their accuracy rises or falls.
Command: python tools/train.py configs/rebalance/vggsound_mslr.py

Source of every number: window 5 and factors 0.9 (audio) and 1.1 (visual), published code. It has
no row in the paper. What it decides by is measured on the validation list, here the test list.
Everything else is inherited.
"""
_base_ = '../fusion/vggsound_sum.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(audio=0.9, video=1.1))
]
