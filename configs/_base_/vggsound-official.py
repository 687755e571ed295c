"""What the authors' published code does otherwise on VGGSound, apart from order.

Purpose: what the vggsound_*-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/vggsound_bssl-official.py uses it.

Source of every number: authors' published code. Batches of 32 (16 with BSS-L), the last
incomplete one dropped; the first frame; 310 outputs for 309 classes; all losses weigh 1; rate /
10 at epoch 70; scores from train mode on the training view.
"""
official_audio = dict(
    type='LoadAudio', modality='audio', sample_rate=35400, seconds=20.0, extend='double')
official_train_pipeline = [
    official_audio,
    dict(type='LoadImages', modality='video', num_frames=1, choice='first'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[
            dict(type='RandomResizedCrop', size=384),
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
        transforms=[dict(type='Resize', size=(384, 384))]),
    dict(type='PackMultiModalInputs'),
]
official_train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    dataset=dict(pipeline=official_train_pipeline))
official_test_dataloader = dict(
    batch_size=32, dataset=dict(pipeline=official_test_pipeline))
equal_weights = dict(audio=1, video=1, fused=1)
official_model = dict(head=dict(loss_weights=equal_weights, num_classes=310))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=32, mode='train')
