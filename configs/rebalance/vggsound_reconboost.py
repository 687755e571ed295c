"""ReconBoost on VGGSound.

Purpose: audio and video take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/vggsound_reconboost.py

Source of every number: phases of 4 epochs, weights 5 and 1 and 256 hidden units, authors'
published code; everything else ../fusion/vggsound_concat.py. The BSS paper reports 50.97 accuracy,
53.87 MAP.
"""
_base_ = '../fusion/vggsound_concat.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=4,
    correction_epochs=4,
    weights=(5.0, 1.0),
    fusion=dict(
        _delete_=True,
        type='SharedSumFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=309,
        hidden=(256, )),
    head=dict(fused_channels=None))
model_wrapper_cfg = dict(type='StepDataParallel')
