"""ReconBoost on Kinetics-Sounds.

Purpose: audio and video take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/kinetics-sounds_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; everything else ../fusion/kinetics-sounds_concat.py. The BSS paper reports 70.85
accuracy, 74.24 MAP.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    fusion=dict(
        _delete_=True,
        type='SharedSumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=31,
        hidden=(256, )),
    head=dict(fused_channels=None))
model_wrapper_cfg = dict(type='StepDataParallel')
