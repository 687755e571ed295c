"""RGBPoseConv3D of mmaction2 on a generated miniature, without any part of this package.

Purpose: stand for somebody else's project; ../bss/rgbpose-mini_bssl.py turns BSS on in it.
Command: python tools/train.py configs/fusion/rgbpose-mini_conv3d.py
(after python tools/data/rgbpose/make_miniature.py)

Source of every number: learning rate 0.0075, momentum 0.9, weight decay 1e-4, gradient norm 40 and
the parts of the model are those of mmaction2's rgbpose_conv3d.py; sizes (channels, blocks, frames,
pixels, epochs) are our choice, made for two CPU cores. MMCompact is left out: it does not run with
numpy 2.
"""
default_scope = 'mmaction'
model = dict(
    type='MMRecognizer3D',
    backbone=dict(
        type='RGBPoseConv3D',
        rgb_pathway=dict(
            num_stages=4,
            stage_blocks=(1, 1, 1, 1),
            lateral=True,
            lateral_infl=1,
            lateral_activate=(0, 0, 1, 1),
            fusion_kernel=7,
            base_channels=16,
            conv1_kernel=(1, 7, 7),
            inflate=(0, 0, 1, 1),
            with_pool2=False),
        pose_pathway=dict(
            num_stages=3,
            stage_blocks=(1, 1, 1),
            lateral=True,
            lateral_inv=True,
            lateral_infl=16,
            lateral_activate=(0, 1, 1),
            fusion_kernel=7,
            in_channels=17,
            base_channels=8,
            out_indices=(2, ),
            conv1_kernel=(1, 7, 7),
            conv1_stride_s=1,
            conv1_stride_t=1,
            pool1_stride_s=1,
            pool1_stride_t=1,
            inflate=(0, 1, 1),
            spatial_strides=(2, 2, 2),
            temporal_strides=(1, 1, 1),
            dilations=(1, 1, 1),
            with_pool2=False)),
    cls_head=dict(
        type='RGBPoseHead',
        num_classes=4,
        in_channels=[512, 128],
        loss_components=['rgb', 'pose'],
        loss_weights=[1.0, 1.0],
        average_clips='prob'),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            imgs=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW'),
            heatmap_imgs=dict(type='ActionDataPreprocessor'))))

to_inputs = [
    dict(type='Resize', scale=(64, 64), keep_ratio=False),
    dict(type='GeneratePoseTarget', sigma=0.7, use_score=True, with_kp=True, scaling=0.25),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', collect_keys=('imgs', 'heatmap_imgs')),
]
clip_len = dict(RGB=4, Pose=16)
train_pipeline = [
    dict(type='MMUniformSampleFrames', clip_len=clip_len, num_clips=1),
    dict(type='MMDecode'),
    dict(type='RandomResizedCrop', area_range=(0.56, 1.0)),
    *to_inputs,
]
val_pipeline = [
    dict(type='MMUniformSampleFrames', clip_len=clip_len, num_clips=1, test_mode=True),
    dict(type='MMDecode'),
    *to_inputs,
]
data = dict(
    type='PoseDataset',
    ann_file='data/rgbpose-mini/annotations.pkl',
    data_prefix=dict(video='data/rgbpose-mini/videos'))
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(split='train', pipeline=train_pipeline, **data))
val_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(split='val', pipeline=val_pipeline, test_mode=True, **data))
test_dataloader = val_dataloader
val_evaluator = [dict(type='AccMetric')]
test_evaluator = val_evaluator

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=6)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.0075, momentum=0.9, weight_decay=0.0001),
    clip_grad=dict(max_norm=40, norm_type=2))
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=4),
    checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=2))
randomness = dict(seed=0)
