"""BSS-L on NVGesture as the authors' published code does it, not as the paper says.

Purpose: see how far the differences between paper and code matter.
Command: python tools/train.py configs/bss/nvgesture_bssl-official.py

Source of every number: authors' published code, NVGesture scripts. Differences to
nvgesture_bssl.py:
- scored before every epoch (E = 1), scores replaced (beta = 1) instead of smoothed;
- linear weights 1 + score without an epsilon, instead of softmax;
- all losses weigh 1 and all four streams are summed;
- samples are scored in train mode, one clip at a time, on the augmented training view;
- rate / 10 at epoch 70; the last incomplete batch is dropped; the best test epoch is kept;
- depth has a random stem; pooling sees the first 8 of 10 temporal positions; views as in
  _base_/datasets/nvgesture-official.py.
"""
_base_ = ['./nvgesture_bssl.py', '../_base_/datasets/nvgesture-official.py']
equal_weights = dict(rgb=1, flow=1, depth=1, fused=1)
train_dataloader = dict(
    drop_last=True, dataset=dict(pipeline={{_base_.official_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.official_test_pipeline}}))
test_dataloader = val_dataloader
model = dict(
    encoders=dict(
        rgb=dict(pool='fixed'),
        flow=dict(pool='fixed'),
        depth=dict(pool='fixed', stem_init='random')),
    head=dict(loss_weights=equal_weights),
    data_preprocessor=dict(
        preprocessors=dict(flow=dict(mean=[0.0, 0.0], std=[1.0, 1.0]))))
param_scheduler = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
default_hooks = dict(checkpoint=dict(save_best='acc/fused', rule='greater'))
custom_hooks = [
    dict(
        type='BSSHook',
        scheduler=dict(
            type='LearningBasedScheduler', interval=1, beta=1.0, weighting='linear', epsilon=0.0),
        measurer=dict(
            type='BalanceMeasurer',
            correlation='PredictionSimilarity',
            information=dict(type='TrainingLoss', weights=equal_weights)),
        scoring=dict(pipeline=None, batch_size=1, mode='train'))
]
