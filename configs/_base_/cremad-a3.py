"""Sound of CREMA-D repeated up to 3 s instead of 20.

Purpose: what the cremad-a3 configs replace in the others.
Command: none of its own; python tools/train.py configs/bss/cremad-a3_bssl.py uses it.

Source of every number: 3 s, a spectrogram of 257 x 188, is the pipeline of OGM-GE (CVPR 2022) and
most later work. Which one the paper's rows used is not said; no result may be labelled P1 or P2.
"""
a3_audio = dict(type='LoadAudio', modality='audio', sample_rate=22050, seconds=3.0)
a3_train_pipeline = [
    a3_audio,
    dict(type='LoadImages', modality='video', num_frames=1, choice='random'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[
            dict(type='RandomResizedCrop', size=224),
            dict(type='RandomHorizontalFlip'),
        ]),
    dict(type='PackMultiModalInputs'),
]
a3_test_pipeline = [
    a3_audio,
    dict(type='LoadImages', modality='video', num_frames=1),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Resize', size=(224, 224))]),
    dict(type='PackMultiModalInputs'),
]
a3_train_dataloader = dict(dataset=dict(pipeline=a3_train_pipeline))
a3_test_dataloader = dict(dataset=dict(pipeline=a3_test_pipeline))
