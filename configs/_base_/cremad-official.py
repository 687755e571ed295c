"""What the authors' published code does otherwise on CREMA-D, apart from order.

Purpose: what the cremad_*-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/cremad_bssl-official.py uses it.

Source of every number: authors' published code. Batches of 32, the last incomplete one dropped;
the first frame; losses of 0.9 for each modality and 0.1 for the fused stream, which does not
predict; scores from train mode on the training view, in batches of 32; rate / 10 at epoch 70.
Frames are sorted here, there in the order of the directory.
"""
official_audio = dict(
    type='LoadAudio', modality='audio', sample_rate=22050, seconds=20.0)
official_train_pipeline = [
    official_audio,
    dict(type='LoadImages', modality='video', num_frames=1, choice='first'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[
            dict(type='RandomResizedCrop', size=224),
            dict(type='RandomHorizontalFlip'),
        ]),
    dict(type='PackMultiModalInputs'),
]
official_test_pipeline = [
    official_audio,
    dict(type='LoadImages', modality='video', num_frames=1, choice='first'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Resize', size=(224, 224))]),
    dict(type='PackMultiModalInputs'),
]
official_train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    dataset=dict(pipeline=official_train_pipeline))
official_test_dataloader = dict(
    batch_size=32, dataset=dict(pipeline=official_test_pipeline))
official_weights = dict(audio=0.9, video=0.9, fused=0.1)
official_model = dict(
    head=dict(loss_weights=official_weights, inference_streams=('audio', 'video')))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=32, mode='train')
