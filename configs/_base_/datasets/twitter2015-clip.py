"""Twitter2015 as CLIP reads it.

Purpose: data loaders and metrics, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/twitter2015-clip_bssl.py uses it.

Source of every number: 77 tokens and pictures of 224 x 224, Radford et al., ICML 2021;
./twitter2015.py has the others.
"""
_base_ = './twitter2015.py'
clip_pipeline = [
    dict(
        type='Tokenize',
        modality='text',
        tokenizer='data/pretrained/clip-vit-base-patch32',
        kind='clip',
        max_length=77),
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='Resize', size=(224, 224), interpolation=3)]),
    dict(type='PackMultiModalInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=clip_pipeline))
val_dataloader = dict(dataset=dict(pipeline=clip_pipeline))
test_dataloader = dict(dataset=dict(pipeline=clip_pipeline))
