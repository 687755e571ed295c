"""Evidential fusion (ETMC) on Sarcasm.

Purpose: the ETMC row of the paper: opinions of all modalities, combined by the rule of Dempster.
Command: python tools/train.py configs/fusion/sarcasm_etmc.py

Source of every number: ./sarcasm_concat.py has everything but the fusion. Annealing over 10
epochs: published code of ETMC. The paper reports 83.69 accuracy, 83.23 macro F1.
"""
_base_ = './sarcasm_concat.py'
model = dict(
    head=dict(
        _delete_=True,
        type='EvidentialHead',
        num_classes=2,
        in_channels=dict(text=768, image=2048),
        fused_channels=2816,
        annealing_epochs=10))
