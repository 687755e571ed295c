"""MLA on Sarcasm.

Purpose: text and image take turns within every batch on one classifier, which is protected by a
projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/sarcasm_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; an image feature of 768,
as wide as that of the text, BSS's published code, there from 1000 classes; everything else
../fusion/sarcasm_concat.py. The BSS paper reports 84.26 accuracy, 83.48 macro F1.
"""
_base_ = '../fusion/sarcasm_concat.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    encoders=dict(image=dict(out_channels=768)),
    fusion=dict(
        _delete_=True,
        type='SharedEntropyFusion',
        in_channels=dict(text=768, image=768),
        num_classes=2),
    head=dict(fused_channels=None, loss_weights=dict(text=1.0, image=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
