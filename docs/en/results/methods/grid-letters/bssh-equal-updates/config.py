auto_scale_lr = dict(base_batch_size=16, enable=False)
custom_hooks = [
    dict(
        measurer=dict(
            correlation='PredictionSimilarity',
            information=dict(alpha=0.2, type='TrainingLoss'),
            type='BalanceMeasurer'),
        scheduler=dict(
            equal_updates=True,
            order='balanced_first',
            pacing=dict(lambda_0=0.1, power=2, t_grow=7, type='root'),
            type='HeuristicScheduler'),
        type='BSSHook'),
]
custom_imports = dict(
    allow_failed_imports=False, imports=[
        'projects.bss',
    ])
data_root = 'data/grid_letters'
dataset_type = 'CREMADDataset'
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
letters = (
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'g',
    'h',
    'i',
    'j',
    'k',
    'l',
    'm',
    'n',
    'o',
    'p',
    'q',
    'r',
    's',
    't',
    'u',
    'v',
    'x',
    'y',
    'z',
)
load_from = None
log_level = 'INFO'
log_processor = dict(by_epoch=True, type='LogProcessor', window_size=20)
model = dict(
    data_preprocessor=dict(
        preprocessors=dict(
            audio=dict(
                mean=-3.1359,
                num_frames=58,
                num_mel_bins=40,
                sample_rate=16000,
                std=3.0264,
                type='FilterBankPreprocessor'),
            video=dict(
                format_shape='NCTHW',
                mean=[
                    145.85,
                ],
                std=[
                    24.67,
                ],
                type='ActionDataPreprocessor')),
        type='MultiModalDataPreprocessor'),
    encoders=dict(
        audio=dict(
            in_channels=1, type='SmallConvEncoder', widths=(
                16,
                32,
                64,
                128,
            )),
        video=dict(
            in_channels=1,
            stacked_frames=12,
            type='SmallConvEncoder',
            widths=(
                32,
                64,
                64,
            ))),
    fusion=dict(in_channels=dict(audio=128, video=64), type='ConcatFusion'),
    head=dict(
        alpha=0.2,
        fused_channels=192,
        in_channels=dict(audio=128, video=64),
        num_classes=25,
        type='JointHead'),
    type='MultiModalClassifier')
optim_wrapper = dict(
    optimizer=dict(lr=0.001, type='Adam'), type='OptimWrapper')
param_scheduler = [
    dict(T_max=20, by_epoch=True, eta_min=1e-05, type='CosineAnnealingLR'),
]
pipeline = [
    dict(modality='audio', sample_rate=16000, seconds=0.6, type='LoadAudio'),
    dict(modality='video', num_frames=12, type='LoadImages'),
    dict(
        modality='video',
        transforms=[
            dict(type='Grayscale'),
            dict(size=(
                48,
                48,
            ), type='Resize'),
        ],
        type='TransformImages'),
    dict(type='PackMultiModalInputs'),
]
randomness = dict(seed=42)
resume = False
test_cfg = dict(type='TestLoop')
test_dataloader = dict(
    batch_size=100,
    dataset=dict(
        ann_file='annotations/test.csv',
        classes=(
            'a',
            'b',
            'c',
            'd',
            'e',
            'f',
            'g',
            'h',
            'i',
            'j',
            'k',
            'l',
            'm',
            'n',
            'o',
            'p',
            'q',
            'r',
            's',
            't',
            'u',
            'v',
            'x',
            'y',
            'z',
        ),
        data_root='data/grid_letters',
        fps=25,
        pipeline=[
            dict(
                modality='audio',
                sample_rate=16000,
                seconds=0.6,
                type='LoadAudio'),
            dict(modality='video', num_frames=12, type='LoadImages'),
            dict(
                modality='video',
                transforms=[
                    dict(type='Grayscale'),
                    dict(size=(
                        48,
                        48,
                    ), type='Resize'),
                ],
                type='TransformImages'),
            dict(type='PackMultiModalInputs'),
        ],
        test_mode=True,
        type='CREMADDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'))
test_evaluator = dict(type='MultiModalMetric')
train_cfg = dict(
    max_epochs=20, type='CurriculumTrainLoop', val_begin=1, val_interval=1)
train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        ann_file='annotations/train.csv',
        classes=(
            'a',
            'b',
            'c',
            'd',
            'e',
            'f',
            'g',
            'h',
            'i',
            'j',
            'k',
            'l',
            'm',
            'n',
            'o',
            'p',
            'q',
            'r',
            's',
            't',
            'u',
            'v',
            'x',
            'y',
            'z',
        ),
        data_root='data/grid_letters',
        fps=25,
        pipeline=[
            dict(
                modality='audio',
                sample_rate=16000,
                seconds=0.6,
                type='LoadAudio'),
            dict(modality='video', num_frames=12, type='LoadImages'),
            dict(
                modality='video',
                transforms=[
                    dict(type='Grayscale'),
                    dict(size=(
                        48,
                        48,
                    ), type='Resize'),
                ],
                type='TransformImages'),
            dict(type='PackMultiModalInputs'),
        ],
        type='CREMADDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=True, type='BalanceSampler'))
val_cfg = dict(type='ValLoop')
val_dataloader = dict(
    batch_size=100,
    dataset=dict(
        ann_file='annotations/val.csv',
        classes=(
            'a',
            'b',
            'c',
            'd',
            'e',
            'f',
            'g',
            'h',
            'i',
            'j',
            'k',
            'l',
            'm',
            'n',
            'o',
            'p',
            'q',
            'r',
            's',
            't',
            'u',
            'v',
            'x',
            'y',
            'z',
        ),
        data_root='data/grid_letters',
        fps=25,
        pipeline=[
            dict(
                modality='audio',
                sample_rate=16000,
                seconds=0.6,
                type='LoadAudio'),
            dict(modality='video', num_frames=12, type='LoadImages'),
            dict(
                modality='video',
                transforms=[
                    dict(type='Grayscale'),
                    dict(size=(
                        48,
                        48,
                    ), type='Resize'),
                ],
                type='TransformImages'),
            dict(type='PackMultiModalInputs'),
        ],
        test_mode=True,
        type='CREMADDataset'),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'))
val_evaluator = dict(type='MultiModalMetric')
visualizer = dict(
    type='Visualizer', vis_backends=[
        dict(type='LocalVisBackend'),
    ])
