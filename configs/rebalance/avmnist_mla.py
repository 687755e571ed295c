"""MLA on AV-MNIST.

Purpose: image and audio take turns within every batch on one classifier, which is protected by a
projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/avmnist_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; everything else
../fusion/avmnist_sum.py. The BSS paper has no row.
"""
_base_ = '../fusion/avmnist_sum.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    fusion=dict(type='SharedEntropyFusion'),
    head=dict(loss_weights=dict(image=1.0, audio=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
