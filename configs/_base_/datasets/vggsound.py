"""VGGSound: 309 kinds of sound with their video.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'paper': the
test list serves validation.
Command: none of its own; python tools/train.py configs/bss/vggsound_bssl.py uses it.

Source of every number:
- 168,618 train and 13,954 test clips, batch size 16: BSS paper, section 4.1.
- one frame of 384 x 384, random crop and flip; sound at 35,400 Hz, doubled up to 20 s: authors'
  published code.
- num_workers 8: our choice.
"""
dataset_type = 'VGGSoundDataset'
data_root = 'data/vggsound'
train_list = 'train.csv'
test_list = 'test.csv'

train_pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=35400, seconds=20.0, extend='double'),
    dict(type='LoadImages', modality='video', num_frames=1, choice='random'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[
            dict(type='RandomResizedCrop', size=384),
            dict(type='RandomHorizontalFlip'),
        ]),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=35400, seconds=20.0, extend='double'),
    dict(type='LoadImages', modality='video', num_frames=1),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Resize', size=(384, 384))]),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=train_list, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_list,
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=16)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
