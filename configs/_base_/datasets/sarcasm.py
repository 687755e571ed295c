"""Sarcasm: tweets with a picture, sarcastic or not.

Purpose: data loaders and metrics, to be inherited by the configs of methods. Protocol 'paper': the
test list serves validation, as in the authors' code.
Command: none of its own; python tools/train.py configs/bss/sarcasm_bssl.py uses it.

Source of every number:
- 19,816 train and 2,409 test tweets, batch size 64: BSS paper, section 4.1.
- at most 50 words and 30 tokens; crops of at least half the picture, resized to 224 x 224, flips
  and two random operations of magnitude 7: authors' published code, whose tokenizer does not
  truncate. interpolation=3 is bicubic.
- num_workers 4: our choice.
"""
dataset_type = 'SarcasmDataset'
data_root = 'data/sarcasm'

read_text = [
    dict(type='CleanText', modality='text', max_words=50),
    dict(
        type='Tokenize',
        modality='text',
        tokenizer='data/pretrained/bert-base-uncased',
        max_length=30),
]
train_pipeline = [
    *read_text,
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[
            dict(type='RandomResizedCrop', size=224, scale=(0.5, 1.0), interpolation=3),
            dict(type='RandomHorizontalFlip'),
            dict(type='RandAugment', num_ops=2, magnitude=7),
        ]),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [
    *read_text,
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='Resize', size=(224, 224), interpolation=3)]),
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
        ann_file='annotations/train_data.json',
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
        ann_file='annotations/test_data.json',
        pipeline=test_pipeline,
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
        ann_file='annotations/test_data.json',
        pipeline=test_pipeline,
        test_mode=True))
auto_scale_lr = dict(enable=False, base_batch_size=64)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
