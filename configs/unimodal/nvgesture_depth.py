"""Depth alone on NVGesture.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/nvgesture_depth.py

Source of every number: the five inherited files say theirs. The paper reports 81.54 accuracy,
81.83 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='depth',
    encoder={{_base_.model.encoders.depth}},
    num_classes=25,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(depth={{_base_.model.data_preprocessor.preprocessors.depth}})))
train_dataloader = dict(dataset=dict(modalities=('depth', )))
val_dataloader = dict(dataset=dict(modalities=('depth', )))
test_dataloader = dict(dataset=dict(modalities=('depth', )))
