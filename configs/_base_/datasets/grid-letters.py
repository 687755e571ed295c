"""Spoken letters in voice and lips of one talker, cut from the GRID corpus; 25 classes.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'clean':
checkpoints are chosen on the validation split, the test split is measured once.
Command: none of its own; python tools/train.py configs/bss/grid-letters_bssl.py uses it.

Source of every number: 700 clips for training, 100 for validation, 200 for testing, 0.6 s of sound
at 16 kHz, 12 frames at 25 frames per second of 72 x 72 pixels, the letters without w (README of
the set); grey frames of 48 x 48: sanity baseline of the set. Everything else is our choice.
"""
dataset_type = 'CREMADDataset'
data_root = 'data/grid_letters'
letters = tuple('abcdefghijklmnopqrstuvxyz')

pipeline = [
    dict(type='LoadAudio', modality='audio', sample_rate=16000, seconds=0.6),
    dict(type='LoadImages', modality='video', num_frames=12),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Grayscale'), dict(type='Resize', size=(48, 48))]),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/train.csv',
        fps=25,
        classes=letters,
        pipeline=pipeline))
val_dataloader = dict(
    batch_size=100,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/val.csv',
        fps=25,
        classes=letters,
        pipeline=pipeline,
        test_mode=True))
test_dataloader = dict(
    batch_size=100,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/test.csv',
        fps=25,
        classes=letters,
        pipeline=pipeline,
        test_mode=True))
auto_scale_lr = dict(enable=False, base_batch_size=16)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
