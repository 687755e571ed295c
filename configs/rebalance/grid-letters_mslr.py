"""MSLR on the spoken letters: a learning rate for each modality.

Purpose: late fusion whose modalities learn faster or slower as their accuracy rises or falls.
Command: python tools/train.py configs/rebalance/grid-letters_mslr.py

Source of every number: window 5 and factors 0.9 (audio) and 1.1 (visual), published code. The BSS
paper has no row. Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_sum.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(audio=0.9, video=1.1))
]
