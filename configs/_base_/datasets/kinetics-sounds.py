"""Kinetics-Sounds: actions that are seen and heard, 31 classes.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'paper': the
test list serves validation.
Command: none of its own; python tools/train.py configs/bss/kinetics-sounds_bssl.py uses it.

Source of every number:
- 15,000 train and 1,900 test clips, batch size 64: BSS paper, section 4.1. What can still be
  obtained differs; the manifest of tools/data/kinetics_sounds/prepare.py names the variant.
- three frames of 224 x 224, random crop and flip; sound at 35,400 Hz, doubled up to 10 s: authors'
  published code. Its class index depends on the order of the files; here it is alphabetical.
- num_workers 4: our choice.
"""
dataset_type = 'KineticsSoundsDataset'
data_root = 'data/kinetics-sounds'
train_list = 'annotations/train.csv'
test_list = 'annotations/test.csv'

train_pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=35400, seconds=10.0, extend='double'),
    dict(type='LoadImages', modality='video', num_frames=3, choice='random'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[
            dict(type='RandomResizedCrop', size=224),
            dict(type='RandomHorizontalFlip'),
        ]),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=35400, seconds=10.0, extend='double'),
    dict(type='LoadImages', modality='video', num_frames=3),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Resize', size=(224, 224))]),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_list,
        split='train',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_list,
        split='test',
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
