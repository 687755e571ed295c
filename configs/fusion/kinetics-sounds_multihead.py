"""The model of BSS on Kinetics-Sounds, in plainly shuffled order.

Purpose: the vanilla control of BSS: same model, same loss, same inference, no curriculum.
Command: python tools/train.py configs/fusion/kinetics-sounds_multihead.py

Source of every number: the five inherited files say theirs. The paper reports 70.44 accuracy,
76.62 MAP (row "none" of table 3).
"""
_base_ = [
    '../_base_/datasets/kinetics-sounds.py', '../_base_/models/kinetics-sounds_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
