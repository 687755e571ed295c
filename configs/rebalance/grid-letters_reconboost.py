"""ReconBoost on the spoken letters.

Purpose: audio and video take turns to learn what the other has not fitted.
Command: python tools/train.py configs/rebalance/grid-letters_reconboost.py

Source of every number: weights 5 and 1 and 256 hidden units, authors' published code; phases of
one epoch, our choice, so that each modality has five turns in 20 epochs; everything else
../fusion/grid-letters_sum.py, but for the last layer of the
network for the lips, which is as wide as that for the voice: both share a classifier. The BSS paper
has no row.
"""
_base_ = '../fusion/grid-letters_sum.py'
model = dict(
    type='ReconBoostClassifier',
    boosting_epochs=1,
    correction_epochs=1,
    weights=(5.0, 1.0),
    encoders=dict(video=dict(widths=(32, 64, 128))),
    fusion=dict(type='SharedSumFusion', in_channels=dict(video=128), hidden=(256, )))
model_wrapper_cfg = dict(type='StepDataParallel')
