"""Video alone on CREMA-D.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/cremad_video.py

Source of every number: the five inherited files say theirs. The paper reports 45.83 accuracy,
58.79 MAP.
"""
_base_ = [
    '../_base_/datasets/cremad.py', '../_base_/models/cremad_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='video',
    encoder={{_base_.model.encoders.video}},
    num_classes=6,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(video={{_base_.model.data_preprocessor.preprocessors.video}})),
    init_cfg={{_base_.model.init_cfg}})
train_dataloader = dict(dataset=dict(modalities=('video', )))
val_dataloader = dict(dataset=dict(modalities=('video', )))
test_dataloader = dict(dataset=dict(modalities=('video', )))
