"""MSLR on VGGSound: a learning rate for each modality.

Purpose: late fusion whose modalities learn faster or slower as their accuracy rises or falls.
Command: python tools/train.py configs/rebalance/vggsound_mslr.py

Source of every number: window 5 and factors 0.9 (audio) and 1.1 (visual), published code. It has
no row in the paper. What it decides by is measured on the validation list, here the test list.
Late fusion is that of ../fusion/vggsound_sum.py; everything else is inherited.
"""
_base_ = '../fusion/vggsound_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=309),
    head=dict(fused_channels=None))
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(audio=0.9, video=1.1))
]
