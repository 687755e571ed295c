"""MMPareto on the spoken letters.

Purpose: joint and unimodal gradients of each encoder combined by a Pareto rule; the fused
classifier predicts.
Command: python tools/train.py configs/rebalance/grid-letters_mmpareto.py

Source of every number: gamma 1.5 and loss weights 1, authors' published code; the norm over whole
encoders, MMPareto paper; everything else ../fusion/grid-letters_multihead.py. The BSS
paper has no row.
"""
_base_ = '../fusion/grid-letters_multihead.py'
model = dict(
    type='MMParetoClassifier',
    gamma=1.5,
    norm='encoder',
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
model_wrapper_cfg = dict(type='StepDataParallel')
