"""MLA on NVGesture.

Purpose: colour, flow and depth take turns within every batch on one classifier, which is protected
by a projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/nvgesture_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; everything else
../fusion/nvgesture_sum.py. The BSS paper reports 83.40 accuracy, 83.72 macro F1.
"""
_base_ = '../fusion/nvgesture_sum.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    fusion=dict(type='SharedEntropyFusion'),
    head=dict(loss_weights=dict(rgb=1.0, flow=1.0, depth=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
