"""BSS-H on NVGesture: heuristic balance-aware order, as the paper has it.

Purpose: train three I3D streams on a growing, most balanced share of the data.
Command: python tools/train.py configs/bss/nvgesture_bssh.py

Source of every number: lambda_0 = 0.1, T_grow = 40, square root (BSS paper, Eq 7 and section
4.1); criteria (Eqs 4-6), alpha = 0.2 as in the head. The four inherited files say theirs.
The paper reports 85.06 accuracy, 85.15 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/default_runtime.py'
]
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='HeuristicScheduler',
            pacing=dict(type='root', power=2, t_grow=40, lambda_0=0.1),
            order='balanced_first'),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', alpha=0.2)),
        scoring=dict(pipeline={{_base_.scoring_pipeline}}))
]
