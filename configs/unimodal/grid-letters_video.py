"""Video alone on the spoken letters.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/grid-letters_video.py

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
    modality='video',
    encoder={{_base_.model.encoders.video}},
    num_classes=25,
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(video={{_base_.model.data_preprocessor.preprocessors.video}})))
train_dataloader = dict(dataset=dict(modalities=('video', )))
val_dataloader = dict(dataset=dict(modalities=('video', )))
test_dataloader = dict(dataset=dict(modalities=('video', )))
