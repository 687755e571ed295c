"""MSES on AV-MNIST: a modality that overfits stops.

Purpose: the model of BSS, whose modalities stop one by one; the fused classifier predicts.
Command: python tools/train.py configs/rebalance/avmnist_mses.py

Source of every number: loss weights 1, MSES paper; smoothing 0.6, published code; patience, our
choice, 10 of 120 epochs in proportion. The BSS paper has no row. Everything else is inherited.
"""
_base_ = '../fusion/avmnist_multihead.py'
model = dict(
    head=dict(loss_weights=dict(image=1.0, audio=1.0, fused=1.0), inference_streams=['fused']))
custom_hooks = _base_.custom_hooks + [dict(type='MSESHook', patience=2, smoothing='ema', keep=0.6)]
