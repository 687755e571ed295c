"""Views of the generated miniature of NVGesture.

Purpose: transforms of the small size, to be inherited by the nvgesture-mini configs.
Command: python tools/data/nvgesture/make_miniature.py writes the data.

Source of every number: our choice; 24 frames of 64 x 64 pixels are generated, of which training
sees 16 of 48 x 48 and testing all 24 of the centre, in the proportions of the full size.
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
