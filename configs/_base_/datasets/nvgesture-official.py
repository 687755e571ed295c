"""Views of NVGesture as the authors' published code makes them.

Purpose: transforms of the *-official configs.
Command: none of its own; python tools/train.py configs/bss/nvgesture_bssl-official.py uses it.

Source of every number: authors' published code. Colour stays in BGR order; flow keeps all fields of
the clip while colour and depth have a window of 64 frames; flow is in pixels, neither scaled nor
clipped (what was stored here is clipped at 20 pixels).
"""
official_load = dict(type='LoadClip', bgr=True, raw_flow=True)
official_train_pipeline = [
    dict(type='SampleWindow', length=64, random=True, align_flow=False),
    dict(type='SampleCrop', resize=256, size=224, random=True),
    official_load,
    dict(type='PackMultiModalInputs'),
]
official_test_pipeline = [
    dict(type='SampleWindow', length=None),
    dict(type='SampleCrop', resize=256, size=224),
    official_load,
    dict(type='PackMultiModalInputs'),
]
