"""AGM on the spoken letters.

Purpose: Concat whose gradients are scaled by what each modality contributes to the prediction.
Command: python tools/train.py configs/rebalance/grid-letters_agm.py

Source of every number: alpha 2.5, authors' published code, for AV-MNIST; the first fifth of
the epochs, as there; everything else ../fusion/grid-letters_concat.py. The BSS paper has no row.
"""
_base_ = '../fusion/grid-letters_concat.py'
model = dict(type='AGMClassifier', alpha=2.5, begin=0, end=4)
