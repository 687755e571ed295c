"""AGM on the spoken letters, with the clipping of its published code.

Purpose: AGM as its authors ran it: gradients are clipped when the classifier's are large.
Command: python tools/train.py configs/rebalance/grid-letters_agm-clip.py

Source of every number: norm and threshold 1, AGM's published code. It has no row in the paper.
Everything else is inherited.
"""
_base_ = './grid-letters_agm.py'
custom_hooks = _base_.custom_hooks + [dict(type='AGMClipHook', max_norm=1.0, threshold=1.0)]
