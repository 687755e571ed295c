"""BSS-H on Twitter2015 as the authors' published code does it, not as the paper says.

Purpose: see how far the differences between paper and code matter.
Command: python tools/train.py configs/bss/twitter2015_bssh-official.py

Source of every number: authors' published code: the pacing starts one epoch later on its curve
(offset 1); 113 epochs. _base_/twitter2015-official.py has the rest.
"""
_base_ = ['./twitter2015_bssh.py', '../_base_/twitter2015-official.py']
train_dataloader = {{_base_.official_train_dataloader}}
val_dataloader = {{_base_.official_test_dataloader}}
test_dataloader = {{_base_.official_test_dataloader}}
model = {{_base_.official_model}}
param_scheduler = {{_base_.official_schedule}}
optim_wrapper = {{_base_.official_optim_wrapper}}
train_cfg = dict(max_epochs=113)
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='HeuristicScheduler',
            pacing=dict(type='root', power=2, t_grow=40, lambda_0=0.1, offset=1)),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', weights={{_base_.equal_weights}})),
        scoring={{_base_.official_scoring}})
]
