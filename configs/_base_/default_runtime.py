"""Runtime that all configs share.

Purpose: logging, checkpoints, environment. Nothing here changes what is learnt.
Command: none of its own; every config inherits it.

Source of every number: our choice, except seed 42, which the authors' CREMA-D script uses.
"""
custom_imports = dict(imports=['projects.bss'], allow_failed_imports=False)
default_scope = 'mmaction'

default_hooks = dict(
    runtime_info=dict(type='RuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Beside the last two, the best on the validation split, which protocol 'clean' tests once.
    checkpoint=dict(
        type='CheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='acc/fused',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'))
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
log_processor = dict(type='LogProcessor', window_size=20, by_epoch=True)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
randomness = dict(seed=42)
log_level = 'INFO'
load_from = None
resume = False
