"""What the authors' published code does otherwise on Kinetics-Sounds, apart from order.

Purpose: what the kinetics-sounds_*-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/kinetics-sounds_bssl-official.py does.

Source of every number: authors' published code. Batches of 32, the last incomplete one dropped;
the first three frames; all losses weigh 1; rate 0.1, / 10 at epoch 70; scores from train mode on
the training view. classes in the order of their first appearance. Frames are sorted here, there
in the order of the directory.
"""
official_audio = dict(
    type='LoadAudio', modality='audio', sample_rate=35400, seconds=10.0, extend='double')
official_train_pipeline = [
    official_audio,
    dict(type='LoadImages', modality='video', num_frames=3, choice='first'),
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
    dict(type='LoadImages', modality='video', num_frames=3, choice='first'),
    dict(
        type='TransformImages',
        modality='video',
        transforms=[dict(type='Resize', size=(224, 224))]),
    dict(type='PackMultiModalInputs'),
]
official_train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    dataset=dict(pipeline=official_train_pipeline, class_order='first_appearance'))
official_test_dataloader = dict(
    batch_size=32, dataset=dict(pipeline=official_test_pipeline, class_order='first_appearance'))
equal_weights = dict(audio=1, video=1, fused=1)
official_model = dict(head=dict(loss_weights=equal_weights))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=32, mode='train')
official_optim_wrapper = dict(optimizer=dict(lr=0.1))
