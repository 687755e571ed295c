"""ReconBoost on Twitter2015.

Purpose: text and image take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/twitter2015_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; a text feature of 2048, as wide as that of the image, BSS's published code;
everything else ../fusion/twitter2015_sum.py. The BSS paper reports 74.42 accuracy, 68.34 macro F1.
"""
_base_ = '../fusion/twitter2015_sum.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    encoders=dict(text=dict(out_channels=2048)),
    fusion=dict(type='SharedSumFusion', in_channels=dict(text=2048), hidden=(256, )))
model_wrapper_cfg = dict(type='StepDataParallel')
