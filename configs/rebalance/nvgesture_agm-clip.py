"""AGM on NVGesture, with the clipping of its published code.

Purpose: AGM as its authors ran it: gradients are clipped when the classifier's are large.
Command: python tools/train.py configs/rebalance/nvgesture_agm-clip.py

Source of every number: norm and threshold 1, AGM's published code. The BSS paper does not say
whether its AGM row was clipped. Everything else is inherited.
"""
_base_ = './nvgesture_agm.py'
custom_hooks = _base_.custom_hooks + [dict(type='AGMClipHook', max_norm=1.0, threshold=1.0)]
