"""AGM on Twitter2015.

Purpose: Concat whose gradients are scaled by what each modality contributes to the prediction.
Command: python tools/train.py configs/rebalance/twitter2015_agm.py

Source of every number: alpha 1, epochs 0 to 20 and the clipping, authors' published code;
everything else ../fusion/twitter2015_concat.py. The BSS paper reports 74.83 accuracy, 69.11 macro
F1.
"""
_base_ = '../fusion/twitter2015_concat.py'
model = dict(type='AGMClassifier', alpha=1.0, begin=0, end=20)
custom_hooks = _base_.custom_hooks + [dict(type='AGMClipHook', max_norm=1.0, threshold=1.0)]
