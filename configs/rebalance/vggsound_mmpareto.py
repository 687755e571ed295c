"""MMPareto on VGGSound.

Purpose: joint and unimodal gradients of each encoder combined by a Pareto rule; the fused
classifier predicts.
Command: python tools/train.py configs/rebalance/vggsound_mmpareto.py

Source of every number: gamma 1.5 and loss weights 1, authors' published code; the norm over whole
encoders, MMPareto paper; everything else ../fusion/vggsound_multihead.py. The BSS paper reports
51.25 accuracy, 54.73 MAP.
"""
_base_ = '../fusion/vggsound_multihead.py'
model = dict(
    type='MMParetoClassifier',
    gamma=1.5,
    norm='encoder',
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
model_wrapper_cfg = dict(type='StepDataParallel')
