"""BERT and ResNet-50 as for Twitter2015, with 2 classes.

Purpose: the Sarcasm model, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/sarcasm_bssl.py uses it.

Source of every number: 2 classes, BSS paper, section 4.1; text feature at position 0 without
pooler, CLIP's mean and std of images: authors' published code. The inherited file says the others.
"""
_base_ = './twitter2015_bert_resnet50_concat.py'
model = dict(
    encoders=dict(text=dict(pool='cls')),
    head=dict(num_classes=2),
    data_preprocessor=dict(
        preprocessors=dict(
            image=dict(
                mean=[122.7709383, 116.7460125, 104.09373615],
                std=[68.5005327, 66.6321579, 70.32316305]))))
