"""MSES on the spoken letters: a modality that overfits stops.

Purpose: the model of BSS, whose modalities stop one by one; the fused classifier predicts.
Command: python tools/train.py configs/rebalance/grid-letters_mses.py

Source of every number: loss weights 1, MSES paper; smoothing 0.6, published code; patience, our
choice, 10 of 120 epochs in proportion. The BSS paper has no row. Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_multihead.py'
model = dict(
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
custom_hooks = _base_.custom_hooks + [dict(type='MSESHook', patience=2, smoothing='ema', keep=0.6)]
