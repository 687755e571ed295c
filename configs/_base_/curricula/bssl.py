"""BSS-L: learning-based balance-aware order, as the paper has it.

Purpose: the curriculum, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/cremad_bssl.py uses it.

Source of every number: E = 5, beta = 0.6 (BSS paper, section 4.1); softmax at temperature 1
(Eq 10); criteria (Eqs 4-6), alpha = 0.2 as in the head. Samples are scored on the view of the
validation set, which has no chance in it.
"""
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(type='LearningBasedScheduler', interval=5, beta=0.6, weighting='softmax'),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', alpha=0.2)))
]
