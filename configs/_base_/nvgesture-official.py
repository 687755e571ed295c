"""What the authors' published code does otherwise on NVGesture, apart from scores and order.

Purpose: what the *-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/nvgesture_bssl-official.py uses it.

Source of every number: authors' published code. Colour stays in BGR order; flow keeps all fields of
the clip while colour and depth have a window of 64 frames; flow is in pixels, neither scaled nor
clipped (what was stored here is clipped at 20 pixels). All losses weigh 1. Pooling sees the first 8
of 10 temporal positions, depth has a random stem. The last incomplete batch is dropped, the rate
falls to a tenth at epoch 70, the best test epoch is kept.
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
official_train_dataloader = dict(drop_last=True, dataset=dict(pipeline=official_train_pipeline))
official_test_dataloader = dict(dataset=dict(pipeline=official_test_pipeline))

equal_weights = dict(rgb=1, flow=1, depth=1, fused=1)
official_model = dict(
    encoders=dict(
        rgb=dict(pool='fixed'),
        flow=dict(pool='fixed'),
        depth=dict(pool='fixed', stem_init='random')),
    head=dict(loss_weights=equal_weights),
    data_preprocessor=dict(
        preprocessors=dict(flow=dict(mean=[0.0, 0.0], std=[1.0, 1.0]))))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=1, mode='train')
