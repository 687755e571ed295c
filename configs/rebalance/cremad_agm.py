"""AGM on CREMA-D.

Purpose: Concat whose gradients are scaled by what each modality contributes to the prediction.
Command: python tools/train.py configs/rebalance/cremad_agm.py

Source of every number: alpha 1, epochs 0 to 20 and the clipping, without which training with SGD
diverges, authors' published code; everything else ../fusion/cremad_concat.py. The BSS paper
reports 67.07 accuracy, 73.58 MAP.
"""
_base_ = '../fusion/cremad_concat.py'
model = dict(type='AGMClassifier', alpha=1.0, begin=0, end=20)
custom_hooks = _base_.custom_hooks + [dict(type='AGMClipHook', max_norm=1.0, threshold=1.0)]
