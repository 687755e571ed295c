"""Flow alone on NVGesture.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/nvgesture_flow.py

Source of every number: the five inherited files say theirs. The paper reports 78.63 accuracy,
78.65 macro F1.
"""
_base_ = [
    '../_base_/datasets/nvgesture.py', '../_base_/models/nvgesture_i3d_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='flow',
    encoder={{_base_.model.encoders.flow}},
    num_classes=25,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(flow={{_base_.model.data_preprocessor.preprocessors.flow}})))
train_dataloader = dict(dataset=dict(modalities=('flow', )))
val_dataloader = dict(dataset=dict(modalities=('flow', )))
test_dataloader = dict(dataset=dict(modalities=('flow', )))
