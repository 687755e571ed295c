"""Depth alone on NVGesture: one I3D stream.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/nvgesture_depth.py

Source of every number: the four inherited files say theirs. The paper reports 81.54 accuracy,
81.83 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/nvgesture_sgd.py', '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='depth',
    encoder=dict(type='InceptionI3D', in_channels=1, pretrained=None),
    num_classes=25,
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(depth={{_base_.model.data_preprocessor.preprocessors.depth}})))
train_dataloader = dict(dataset=dict(modalities=('depth', )))
val_dataloader = dict(dataset=dict(modalities=('depth', )))
test_dataloader = val_dataloader
custom_hooks = [dict(type='ResumeOrderHook')]
