"""MLA on the spoken letters.

Purpose: audio and video take turns within every batch on one classifier, which is protected by a
projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/grid-letters_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; everything else
../fusion/grid-letters_sum.py, but for the last layer of the
network for the lips, which is as wide as that for the voice: both share a classifier. The BSS paper
has no row.
"""
_base_ = '../fusion/grid-letters_sum.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    encoders=dict(video=dict(widths=(32, 64, 128))),
    fusion=dict(type='SharedEntropyFusion', in_channels=dict(video=128)),
    head=dict(loss_weights=dict(audio=1.0, video=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
