"""Sizes of the generated miniature of NVGesture, made for two CPU cores.

Purpose: what the nvgesture-mini configs replace in the full-size ones.
Command: python tools/data/nvgesture/make_miniature.py writes the data.

Source of every number: our choice; 24 frames of 64 x 64 pixels are generated, of which training
sees 16 of 48 x 48 and testing all 24 of the centre, in the proportions of the full size. I3D has
an eighth of its width.
"""
mini_train_pipeline = [
    dict(type='SampleWindow', length=16, random=True),
    dict(type='SampleCrop', resize=56, size=48, random=True),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]
mini_test_pipeline = [
    dict(type='SampleWindow', length=None),
    dict(type='SampleCrop', resize=56, size=48),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]
mini_scoring_pipeline = [
    dict(type='SampleWindow', length=16),
    dict(type='SampleCrop', resize=56, size=48),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]
mini_data = dict(data_root='data/nvgesture-mini', num_classes=8)
mini_train_dataloader = dict(
    batch_size=8, num_workers=2, dataset=dict(pipeline=mini_train_pipeline, **mini_data))
mini_test_dataloader = dict(
    batch_size=16, num_workers=2, dataset=dict(pipeline=mini_test_pipeline, **mini_data))

mini_model = dict(
    encoders=dict(rgb=dict(width=0.125), flow=dict(width=0.125), depth=dict(width=0.125)),
    fusion=dict(in_channels=dict(rgb=128, flow=128, depth=128)),
    head=dict(
        num_classes=8, in_channels=dict(rgb=128, flow=128, depth=128), fused_channels=384))
mini_unimodal_model = dict(encoder=dict(width=0.125), num_classes=8)
mini_train_cfg = dict(max_epochs=15, val_interval=3)
