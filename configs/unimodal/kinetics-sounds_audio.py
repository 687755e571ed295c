"""Audio alone on Kinetics-Sounds.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/kinetics-sounds_audio.py

Source of every number: the five inherited files say theirs. The paper reports 54.12 accuracy,
56.69 MAP.
"""
_base_ = [
    '../_base_/datasets/kinetics-sounds.py', '../_base_/models/kinetics-sounds_resnet18_concat.py',
    '../_base_/schedules/sgd_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='audio',
    encoder={{_base_.model.encoders.audio}},
    num_classes=31,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(audio={{_base_.model.data_preprocessor.preprocessors.audio}})),
    init_cfg={{_base_.model.init_cfg}})
train_dataloader = dict(dataset=dict(modalities=('audio', )))
val_dataloader = dict(dataset=dict(modalities=('audio', )))
test_dataloader = dict(dataset=dict(modalities=('audio', )))
