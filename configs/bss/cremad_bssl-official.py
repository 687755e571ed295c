"""BSS-L on CREMA-D as the authors' published code does it, not as the paper says.

Purpose: see how far the differences between paper and code matter.
Command: python tools/train.py configs/bss/cremad_bssl-official.py

Source of every number: authors' published code: scored before every epoch (E = 1), scores
replaced (beta = 1), linear weights 1.01 + score; 120 epochs. _base_/cremad-official.py has the
rest.
"""
_base_ = ['./cremad_bssl.py', '../_base_/cremad-official.py']
train_dataloader = {{_base_.official_train_dataloader}}
val_dataloader = {{_base_.official_test_dataloader}}
test_dataloader = {{_base_.official_test_dataloader}}
model = {{_base_.official_model}}
param_scheduler = {{_base_.official_schedule}}
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='LearningBasedScheduler',
            interval=1,
            beta=1.0,
            weighting='linear',
            epsilon=0.01),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', weights={{_base_.official_weights}})),
        scoring={{_base_.official_scoring}})
]
