auto_scale_lr = dict(base_batch_size=64, enable=False)
custom_hooks = [
    dict(
        measurer=dict(
            correlation='PredictionSimilarity',
            information=dict(alpha=0.2, type='TrainingLoss'),
            type='BalanceMeasurer'),
        scheduler=dict(
            beta=0.6,
            interval=5,
            type='LearningBasedScheduler',
            weighting='softmax'),
        type='BSSHook'),
]
custom_imports = dict(
    allow_failed_imports=False, imports=[
        'projects.bss',
    ])
data_root = 'data/avmnist'
dataset_type = 'AVMNISTDataset'
default_hooks = dict(
    checkpoint=dict(
        interval=1,
        max_keep_ckpts=2,
        rule='greater',
        save_best='acc/fused',
        type='CheckpointHook'),
    logger=dict(interval=20, type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    runtime_info=dict(type='RuntimeInfoHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    timer=dict(type='IterTimerHook'))
default_scope = 'mmaction'
env_cfg = dict(
    cudnn_benchmark=True,
    dist_cfg=dict(backend='nccl'),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0))
load_from = None
log_level = 'INFO'
log_processor = dict(by_epoch=True, type='LogProcessor', window_size=20)
model = dict(
    data_preprocessor=dict(
        preprocessors=dict(
            audio=dict(
                mean=-5.0672,
                num_frames=98,
                num_mel_bins=32,
                sample_rate=8000,
                std=3.4674,
                type='FilterBankPreprocessor'),
            image=dict(
                format_shape='NCTHW',
                mean=[
                    33.3,
                ],
                std=[
                    78.6,
                ],
                type='ActionDataPreprocessor')),
        type='MultiModalDataPreprocessor'),
    encoders=dict(
        audio=dict(
            grid=4,
            in_channels=1,
            type='SmallConvEncoder',
            widths=(
                16,
                32,
                64,
            )),
        image=dict(
            grid=4,
            in_channels=1,
            type='SmallConvEncoder',
            widths=(
                16,
                32,
                64,
            ))),
    fusion=dict(in_channels=dict(audio=64, image=64), type='ConcatFusion'),
    head=dict(
        alpha=0.2,
        fused_channels=128,
        in_channels=dict(audio=64, image=64),
        num_classes=10,
        type='JointHead'),
    type='MultiModalClassifier')
optim_wrapper = dict(
    optimizer=dict(lr=0.001, type='Adam'), type='OptimWrapper')
param_scheduler = [
    dict(T_max=20, by_epoch=True, eta_min=1e-05, type='CosineAnnealingLR'),
]
pipeline = [
    dict(modality='image', type='LoadIdxImage'),
    dict(modality='image', type='DegradeImage'),
    dict(
        extend='pad',
        modality='audio',
        sample_rate=8000,
        seconds=1.0,
        type='LoadAudio'),
    dict(modality='audio', type='AddBabble'),
    dict(type='PackMultiModalInputs'),
]
randomness = dict(seed=42)
resume = False
test_cfg = dict(type='TestLoop')
test_dataloader = dict(
    batch_size=256,
    dataset=dict(
        data_root='data/avmnist',
        pipeline=[
            dict(modality='image', type='LoadIdxImage'),
            dict(modality='image', type='DegradeImage'),
            dict(
                extend='pad',
                modality='audio',
                sample_rate=8000,
                seconds=1.0,
                type='LoadAudio'),
            dict(modality='audio', type='AddBabble'),
            dict(type='PackMultiModalInputs'),
        ],
        split='test',
        test_mode=True,
        type='AVMNISTDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'))
test_evaluator = dict(type='MultiModalMetric')
train_cfg = dict(
    max_epochs=20, type='CurriculumTrainLoop', val_begin=1, val_interval=1)
train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        data_root='data/avmnist',
        limit=480,
        pipeline=[
            dict(modality='image', type='LoadIdxImage'),
            dict(modality='image', type='DegradeImage'),
            dict(
                extend='pad',
                modality='audio',
                sample_rate=8000,
                seconds=1.0,
                type='LoadAudio'),
            dict(modality='audio', type='AddBabble'),
            dict(type='PackMultiModalInputs'),
        ],
        split='train',
        type='AVMNISTDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=True, type='BalanceSampler'))
val_cfg = dict(type='ValLoop')
val_dataloader = dict(
    batch_size=256,
    dataset=dict(
        data_root='data/avmnist',
        pipeline=[
            dict(modality='image', type='LoadIdxImage'),
            dict(modality='image', type='DegradeImage'),
            dict(
                extend='pad',
                modality='audio',
                sample_rate=8000,
                seconds=1.0,
                type='LoadAudio'),
            dict(modality='audio', type='AddBabble'),
            dict(type='PackMultiModalInputs'),
        ],
        split='val',
        test_mode=True,
        type='AVMNISTDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'))
val_evaluator = dict(type='MultiModalMetric')
visualizer = dict(
    type='Visualizer', vis_backends=[
        dict(type='LocalVisBackend'),
    ])
