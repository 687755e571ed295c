"""ReconBoost on VGGSound.

Purpose: audio and video take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/vggsound_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; everything else ../fusion/vggsound_sum.py. The BSS paper reports 50.97 accuracy,
53.87 MAP.
"""
_base_ = '../fusion/vggsound_sum.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    fusion=dict(type='SharedSumFusion', hidden=(256, )))
model_wrapper_cfg = dict(type='StepDataParallel')
