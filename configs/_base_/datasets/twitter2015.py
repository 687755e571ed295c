"""Twitter2015: sentiment of tweets with a picture, 3 classes.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'clean': the
set has a validation split, on which checkpoints are chosen.
Command: none of its own; python tools/train.py configs/bss/twitter2015_bssl.py uses it.

Source of every number:
- 3,179 train, 1,122 validation and 1,037 test tweets, batch size 64: BSS paper, section 4.1.
- at most 20 words and 30 tokens, pictures of 384 x 384 without augmentation: authors' published
  code, whose tokenizer does not truncate.
- num_workers 4: our choice.
"""
dataset_type = 'Twitter2015Dataset'
data_root = 'data/twitter2015'

pipeline = [
    dict(type='CleanText', modality='text', max_words=20),
    dict(
        type='Tokenize',
        modality='text',
        tokenizer='data/pretrained/bert-base-uncased',
        max_length=30),
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='Resize', size=(384, 384))]),
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
        ann_file='annotations/train.tsv',
        pipeline=pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/dev.tsv',
        pipeline=pipeline,
        test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/test.tsv',
        pipeline=pipeline,
        test_mode=True))
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
