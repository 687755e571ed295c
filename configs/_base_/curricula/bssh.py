"""BSS-H: heuristic balance-aware order, as the paper has it.

Purpose: the curriculum, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/cremad_bssh.py uses it.

Source of every number: lambda_0 = 0.1, T_grow = 40, square root (BSS paper, Eq 7 and section
4.1); criteria (Eqs 4-6), alpha = 0.2 as in the head. Samples are scored on the view of the
validation set, which has no chance in it.
"""
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
            information=dict(type='TrainingLoss', alpha=0.2)))
]
