"""MLA on Twitter2015.

Purpose: text and image take turns within every batch on one classifier, which is protected by a
projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/twitter2015_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; a text feature of 2048,
as wide as that of the image, BSS's published code; everything else ../fusion/twitter2015_sum.py.
The BSS paper reports 73.52 accuracy, 67.13 macro F1.
"""
_base_ = '../fusion/twitter2015_sum.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    encoders=dict(text=dict(out_channels=2048)),
    fusion=dict(type='SharedEntropyFusion', in_channels=dict(text=2048)),
    head=dict(loss_weights=dict(text=1.0, image=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
