"""AGM on AV-MNIST.

Purpose: Concat whose gradients are scaled by what each modality contributes to the prediction.
Command: python tools/train.py configs/rebalance/avmnist_agm.py

Source of every number: alpha 2.5, authors' published code, for another AV-MNIST; the first fifth
of the epochs, as there; everything else ../fusion/avmnist_concat.py. The BSS paper has no row.
"""
_base_ = '../fusion/avmnist_concat.py'
model = dict(type='AGMClassifier', alpha=2.5, begin=0, end=4)
