"""AGM on Kinetics-Sounds.

Purpose: Concat whose gradients are scaled by what each modality contributes to the prediction.
Command: python tools/train.py configs/rebalance/kinetics-sounds_agm.py

Source of every number: alpha 1 and epochs 0 to 20, authors' published code; everything else
../fusion/kinetics-sounds_concat.py. The BSS paper reports 66.02 accuracy, 72.52 MAP.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
model = dict(type='AGMClassifier', alpha=1.0, begin=0, end=20)
