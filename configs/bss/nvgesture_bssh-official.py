"""BSS-H on NVGesture as the authors' published code does it, not as the paper says.

Purpose: see how far the differences between paper and code matter.
Command: python tools/train.py configs/bss/nvgesture_bssh-official.py

Source of every number: authors' published code, NVGesture scripts. Differences to
nvgesture_bssh.py:
- the pacing starts one epoch later on its curve (offset 1: 18.6 % in the first epoch);
- agreement is the cosine of raw logits, without softmax;
- all losses weigh 1 and all four streams are summed;
- samples are scored in train mode, one clip at a time, on the augmented training view;
- rate / 10 at epoch 70; the last incomplete batch is dropped; the best test epoch is kept;
- depth has a random stem; pooling sees the first 8 of 10 temporal positions; views as in
  _base_/nvgesture-official.py.
"""
_base_ = ['./nvgesture_bssh.py', '../_base_/nvgesture-official.py']
train_dataloader = {{_base_.official_train_dataloader}}
val_dataloader = {{_base_.official_test_dataloader}}
test_dataloader = {{_base_.official_test_dataloader}}
model = {{_base_.official_model}}
param_scheduler = {{_base_.official_schedule}}
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='HeuristicScheduler',
            pacing=dict(type='root', power=2, t_grow=40, lambda_0=0.1, offset=1)),
        measurer=dict(
            type='BalanceMeasurer',
            correlation=dict(type='PredictionSimilarity', softmax=False),
            information=dict(type='TrainingLoss', weights={{_base_.equal_weights}})),
        scoring={{_base_.official_scoring}})
]
