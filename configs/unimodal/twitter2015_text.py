"""Text alone on Twitter2015.

Purpose: the unimodal control; same data set, encoder and schedule as the multi-modal configs.
Command: python tools/train.py configs/unimodal/twitter2015_text.py

Source of every number: the five inherited files say theirs. The paper reports 73.67 accuracy,
68.49 macro F1.
"""
_base_ = [
    '../_base_/datasets/twitter2015.py', '../_base_/models/twitter2015_bert_resnet50_concat.py',
    '../_base_/schedules/adam_plateau.py', '../_base_/curricula/shuffled.py',
    '../_base_/default_runtime.py'
]
model = dict(
    _delete_=True,
    type='UnimodalClassifier',
    modality='text',
    encoder={{_base_.model.encoders.text}},
    num_classes=3,
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(text={{_base_.model.data_preprocessor.preprocessors.text}})))
train_dataloader = dict(dataset=dict(modalities=('text', )))
val_dataloader = dict(dataset=dict(modalities=('text', )))
test_dataloader = dict(dataset=dict(modalities=('text', )))
