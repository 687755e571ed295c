"""OGR-GB (Gradient-Blending) on Kinetics-Sounds: losses weighed by how well they generalise.

Purpose: the OGR-GB row of the paper: estimated loss weights; the fused classifier predicts.
Command: python tools/train.py configs/rebalance/kinetics-sounds_ogr-gb.py

Source of every number: loss weights 1, to be multiplied, Gradient-Blending paper; super-epochs of
10 epochs, a value of that paper; floor 0.001, our choice. The BSS paper reports 67.10 accuracy,
71.39 MAP. What it decides by is measured on the validation list, here the test list. Everything
else is inherited.
"""
_base_ = '../fusion/kinetics-sounds_multihead.py'
model = dict(
    head=dict(loss_weights=dict(audio=1.0, video=1.0, fused=1.0), inference_streams=['fused']))
custom_hooks = _base_.custom_hooks + [dict(type='OGRGBHook', super_epoch=10, floor=1e-3)]
