"""Image alone on Sarcasm.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/sarcasm_image.py

Source of every number: the five inherited files say theirs. The paper reports 71.81 accuracy,
70.73 macro F1.
"""
_base_ = [
    '../_base_/datasets/sarcasm.py', '../_base_/models/sarcasm_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='image',
    encoder={{_base_.model.encoders.image}},
    num_classes=2,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(image={{_base_.model.data_preprocessor.preprocessors.image}})))
train_dataloader = dict(dataset=dict(modalities=('image', )))
val_dataloader = dict(dataset=dict(modalities=('image', )))
test_dataloader = dict(dataset=dict(modalities=('image', )))
