"""Text alone on the product photos and titles.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/fashion_text.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/fashion.py', '../_base_/models/fashion_small_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='text',
    encoder={{_base_.model.encoders.text}},
    num_classes=24,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(text={{_base_.model.data_preprocessor.preprocessors.text}})))
train_dataloader = dict(dataset=dict(modalities=('text', )))
val_dataloader = dict(dataset=dict(modalities=('text', )))
test_dataloader = dict(dataset=dict(modalities=('text', )))
