"""BSS-L on NVGesture: learning-based balance-aware order, as the paper has it.

Purpose: train three I3D streams in an order drawn by balance scores.
Command: python tools/train.py configs/bss/nvgesture_bssl.py

Source of every number: E = 5, beta = 0.6 (BSS paper, section 4.1); softmax at temperature 1
(Eq 10); criteria (Eqs 4-6), alpha = 0.2 as in the head. The four inherited files say theirs.
The paper reports 86.72 accuracy, 87.04 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/default_runtime.py'
]
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(type='LearningBasedScheduler', interval=5, beta=0.6, weighting='softmax'),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', alpha=0.2)),
        scoring=dict(pipeline={{_base_.scoring_pipeline}}))
]
