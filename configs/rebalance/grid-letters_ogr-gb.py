"""OGR-GB (Gradient-Blending) on the spoken letters: losses weighed by how well they generalise.

Purpose: the model of BSS with estimated loss weights; the fused classifier predicts.
Command: python tools/train.py configs/rebalance/grid-letters_ogr-gb.py

Source of every number: loss weights 1, to be multiplied, Gradient-Blending paper; 4 super-epochs,
our choice; floor 0.001, our choice. The BSS paper has no row. Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_multihead.py'
model = dict(
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
custom_hooks = _base_.custom_hooks + [dict(type='OGRGBHook', super_epoch=5, floor=1e-3)]
