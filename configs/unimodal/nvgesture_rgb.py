"""RGB alone on NVGesture.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/nvgesture_rgb.py

Source of every number: the five inherited files say theirs. The paper reports 78.22 accuracy,
78.33 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='rgb',
    encoder={{_base_.model.encoders.rgb}},
    num_classes=25,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(rgb={{_base_.model.data_preprocessor.preprocessors.rgb}})))
train_dataloader = dict(dataset=dict(modalities=('rgb', )))
val_dataloader = dict(dataset=dict(modalities=('rgb', )))
test_dataloader = dict(dataset=dict(modalities=('rgb', )))
