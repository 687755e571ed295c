"""Product photos and titles, 24 kinds of clothes, shoes and bags.

Purpose: data loaders and metrics, to be inherited by the configs of methods. The layout is that of
Twitter2015. Protocol 'clean': checkpoints are chosen on the dev split, the test split is measured
once.
Command: none of its own; python tools/train.py configs/bss/fashion_bssl.py uses it.
tools/data/make_vocabulary.py makes the vocabulary (docs/en/user_guides/data_text_image.md).

Source of every number: 4,320 train, 480 dev and 1,200 test products with photos of 80 x 60 pixels
(the set's own); everything else is our choice.
"""
dataset_type = 'Twitter2015Dataset'
data_root = 'data/fashion'
classes = 'annotations/classes.txt'

test_pipeline = [
    dict(type='CleanText', modality='text', max_words=20),
    dict(
        type='Tokenize', modality='text', tokenizer='data/fashion/vocabulary', max_length=24),
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='Resize', size=(80, 60))]),
    dict(type='PackMultiModalInputs'),
]
train_pipeline = [
    *test_pipeline[:4],
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='RandomHorizontalFlip')]),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/train.tsv',
        classes=classes,
        data_prefix=dict(image='images'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/dev.tsv',
        classes=classes,
        data_prefix=dict(image='images'),
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/test.tsv',
        classes=classes,
        data_prefix=dict(image='images'),
        pipeline=test_pipeline,
        test_mode=True))
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
