"""Audio alone on the spoken letters.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/grid-letters_audio.py

Source of every number: the five inherited files say theirs. It has no row in the paper.
"""
_base_ = [
    '../_base_/datasets/grid-letters.py', '../_base_/models/grid-letters_conv_concat.py',
    '../_base_/schedules/adam_small.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='audio',
    encoder={{_base_.model.encoders.audio}},
    num_classes=25,
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(audio={{_base_.model.data_preprocessor.preprocessors.audio}})))
train_dataloader = dict(dataset=dict(modalities=('audio', )))
val_dataloader = dict(dataset=dict(modalities=('audio', )))
test_dataloader = dict(dataset=dict(modalities=('audio', )))
