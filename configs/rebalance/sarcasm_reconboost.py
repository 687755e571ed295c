"""ReconBoost on Sarcasm.

Purpose: text and image take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/sarcasm_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; an image feature of 768, as wide as that of the text, BSS's published code, there
from 1000 classes; everything else ../fusion/sarcasm_sum.py. The BSS paper reports 84.37 accuracy,
83.17 macro F1.
"""
_base_ = '../fusion/sarcasm_sum.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    encoders=dict(image=dict(out_channels=768)),
    fusion=dict(type='SharedSumFusion', in_channels=dict(image=768), hidden=(256, )))
model_wrapper_cfg = dict(type='StepDataParallel')
