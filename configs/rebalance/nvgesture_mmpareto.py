"""MMPareto on NVGesture.

Purpose: joint and unimodal gradients of each encoder combined by a Pareto rule; the fused
classifier predicts.
Command: python tools/train.py configs/rebalance/nvgesture_mmpareto.py

Source of every number: gamma 1.5 and loss weights 1, authors' published code; the norm over whole
encoders, MMPareto paper; everything else ../fusion/nvgesture_multihead.py. The BSS paper reports
83.82 accuracy, 84.24 macro F1.
"""
_base_ = '../fusion/nvgesture_multihead.py'
model = dict(
    type='MMParetoClassifier',
    gamma=1.5,
    norm='encoder',
    head=dict(
        loss_weights=dict(rgb=1.0, flow=1.0, depth=1.0, fused=1.0),
        inference_streams=['fused']))
model_wrapper_cfg = dict(type='StepDataParallel')
