"""ReconBoost on Sarcasm.

Purpose: text and image take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/sarcasm_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; an image feature of 768, as wide as that of the text, BSS's published code, there
from 1000 classes; everything else ../fusion/sarcasm_concat.py. The BSS paper reports 84.37
accuracy, 83.17 macro F1.
"""
_base_ = '../fusion/sarcasm_concat.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    encoders=dict(image=dict(out_channels=768)),
    fusion=dict(
        _delete_=True,
        type='SharedSumFusion',
        in_channels=dict(text=768, image=768),
        num_classes=2,
        hidden=(256, )),
    head=dict(fused_channels=None))
model_wrapper_cfg = dict(type='StepDataParallel')
