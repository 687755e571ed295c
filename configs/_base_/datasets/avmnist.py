"""AV-MNIST: written and spoken digits, paired by class.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'clean':
checkpoints are chosen on the validation split, the test split is measured once.
Command: none of its own; python tools/train.py configs/bss/avmnist_bssl.py uses it.

Source of every number: the first 4,800 of 12,000 training pairs, 900 for validation, 1,500 for
testing (annotations of the set); 1 s of sound at 8 kHz, the rate of the recordings; everything
else is our choice. Version 'clean' has both modalities as they are, 'degraded' both made harder,
'skewed' the sound alone: --cfg-options train_dataloader.dataset.version=skewed, and likewise for
val_dataloader and test_dataloader.
"""
dataset_type = 'AVMNISTDataset'
data_root = 'data/avmnist'

pipeline = [
    dict(type='LoadIdxImage', modality='image'),
    dict(type='DegradeImage', modality='image'),
    dict(type='LoadAudio', modality='audio', sample_rate=8000, seconds=1.0, extend='pad'),
    dict(type='AddBabble', modality='audio'),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type, data_root=data_root, split='train', limit=4800, pipeline=pipeline))
val_dataloader = dict(
    batch_size=256,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, data_root=data_root, split='val', pipeline=pipeline, test_mode=True))
test_dataloader = dict(
    batch_size=256,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, data_root=data_root, split='test', pipeline=pipeline, test_mode=True))
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
