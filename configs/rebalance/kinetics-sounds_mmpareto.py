"""MMPareto on Kinetics-Sounds.

Purpose: joint and unimodal gradients of each encoder combined by a Pareto rule; the fused
classifier predicts.
Command: python tools/train.py configs/rebalance/kinetics-sounds_mmpareto.py

Source of every number: gamma 1.5 and loss weights 1, authors' published code; the norm over whole
encoders, MMPareto paper; everything else ../fusion/kinetics-sounds_multihead.py. The BSS paper
reports 70.00 accuracy, 78.50 MAP.
"""
_base_ = '../fusion/kinetics-sounds_multihead.py'
model = dict(
    type='MMParetoClassifier',
    gamma=1.5,
    norm='encoder',
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
model_wrapper_cfg = dict(type='StepDataParallel')
