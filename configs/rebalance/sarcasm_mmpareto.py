"""MMPareto on Sarcasm.

Purpose: joint and unimodal gradients of each encoder combined by a Pareto rule; the fused
classifier predicts.
Command: python tools/train.py configs/rebalance/sarcasm_mmpareto.py

Source of every number: gamma 1.5 and loss weights 1, authors' published code; the norm over whole
encoders, MMPareto paper; everything else ../fusion/sarcasm_multihead.py. The BSS paper reports
83.48 accuracy, 82.48 macro F1.
"""
_base_ = '../fusion/sarcasm_multihead.py'
model = dict(
    type='MMParetoClassifier',
    gamma=1.5,
    norm='encoder',
    head=dict(loss_weights=dict(text=1.0, image=1.0, fused=1.0), inference_streams=['fused']))
model_wrapper_cfg = dict(type='StepDataParallel')
