"""MSLR on Kinetics-Sounds: a learning rate for each modality.

Purpose: the MSLR row of the paper: late fusion whose modalities learn faster or slower as their
accuracy rises or falls.
Command: python tools/train.py configs/rebalance/kinetics-sounds_mslr.py

Source of every number: window 5 and factors 0.9 (audio) and 1.1 (visual), published code. The BSS
paper reports 65.91 accuracy, 71.96 MAP. What it decides by is measured on the validation list,
here the test list. Late fusion is that of ../fusion/kinetics-sounds_sum.py; everything else is
inherited.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=31),
    head=dict(fused_channels=None))
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(audio=0.9, video=1.1))
]
