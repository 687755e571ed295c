"""CREMA-D: acted emotions in voice and face, 6 classes.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'paper': the
test list serves validation, and all 91 actors are in both lists; _base_/cremad-clean.py has the
speaker-independent one.
Command: none of its own; python tools/train.py configs/bss/cremad_bssl.py uses it.

Source of every number:
- 6,698 train and 744 test clips: the lists of OGM-GE (CVPR 2022), which the BSS paper uses.
- batch size 64: BSS paper, section 4.1.
- one frame of 224 x 224 at 1 frame per second, random crop and flip; sound at 22,050 Hz, repeated
  up to 20 s (the paper gives no length; _base_/cremad-a3.py has 3 s): authors' published code.
- num_workers 4: our choice.
"""
dataset_type = 'CREMADDataset'
data_root = 'data/cremad'
train_list = 'annotations/train.csv'
test_list = 'annotations/test.csv'

train_pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=22050, seconds=20.0),
    dict(type='LoadImages', modality='video', num_frames=1, choice='random'),
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
    dict(type='LoadAudio', modality='audio', sample_rate=22050, seconds=20.0),
    dict(type='LoadImages', modality='video', num_frames=1),
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
        type=dataset_type, data_root=data_root, ann_file=train_list, pipeline=train_pipeline))
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
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
