"""Sarcasm as CLIP reads it.

Purpose: data loaders and metrics, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/sarcasm-clip_bssl.py uses it.

Source of every number: 77 tokens, Radford et al., ICML 2021; ./sarcasm.py has the others.
"""
_base_ = './sarcasm.py'
clip_text = dict(
    type='Tokenize',
    modality='text',
    tokenizer='data/pretrained/clip-vit-base-patch32',
    kind='clip',
    max_length=77)
clip_train_pipeline = [clip_text, *_base_.train_pipeline[2:]]
clip_test_pipeline = [clip_text, *_base_.test_pipeline[2:]]
train_dataloader = dict(dataset=dict(pipeline=clip_train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=clip_test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=clip_test_pipeline))
