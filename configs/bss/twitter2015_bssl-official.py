"""BSS-L on Twitter2015 as the authors' published code does it, not as the paper says.

Purpose: see how far the differences between paper and code matter.
Command: python tools/train.py configs/bss/twitter2015_bssl-official.py

Source of every number: authors' published code: scored before every epoch (E = 1), scores
replaced (beta = 1), linear weights 1.01 + score; the sign of the score is reversed, so that
imbalanced samples come first; 100 epochs; samples are scored in eval mode.
_base_/twitter2015-official.py has the rest.
"""
_base_ = ['./twitter2015_bssl.py', '../_base_/twitter2015-official.py']
train_dataloader = {{_base_.official_train_dataloader}}
val_dataloader = {{_base_.official_test_dataloader}}
test_dataloader = {{_base_.official_test_dataloader}}
model = {{_base_.official_model}}
param_scheduler = {{_base_.official_schedule}}
optim_wrapper = {{_base_.official_optim_wrapper}}
train_cfg = dict(max_epochs=100)
randomness = dict(seed=0)
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='LearningBasedScheduler',
            interval=1,
            beta=1.0,
            weighting='linear',
            epsilon=0.01,
            order='imbalanced_first'),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', weights={{_base_.equal_weights}})),
        scoring=dict(batch_size=32))
]
