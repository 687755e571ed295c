"""MSLR on Sarcasm: a learning rate for each modality.

Purpose: the MSLR row of the paper: late fusion whose modalities learn faster or slower as their
accuracy rises or falls.
Command: python tools/train.py configs/rebalance/sarcasm_mslr.py

Source of every number: window 5, published code; factors 0.9 for the text, which predicts better
alone (table 1), and 1.1 for the image, our choice after those for audio and video. The BSS paper
reports 84.23 accuracy, 83.69 macro F1. What it decides by is measured on the validation list, here
the test list. Late fusion is that of ../fusion/sarcasm_sum.py; everything else is inherited.
"""
_base_ = '../fusion/sarcasm_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(text=768, image=2048),
        num_classes=2),
    head=dict(fused_channels=None))
custom_hooks = _base_.custom_hooks + [
    dict(type='MSLRHook', window=5, factors=dict(text=0.9, image=1.1))
]
