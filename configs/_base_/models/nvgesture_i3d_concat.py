"""Three I3D streams, their features concatenated, one classifier per stream and one fused.

Purpose: the NVGesture model, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/nvgesture_bssl.py uses it.

Source of every number:
- I3D without its classifier, 1024 features, 25 classes: BSS paper, section 4.1.
- alpha 0.2: BSS paper, Eq 4. All four streams are summed for the prediction: Eq 12.
- mean and std of colour: ImageNet, as in the authors' code. Depth in [0, 1]: authors' code.
- flow in [-1, 1], 20 pixels being 1: Carreira and Zisserman, whose flow weights expect it.

The paper initialises from rgb_imagenet.pt (colour, depth) and flow_imagenet.pt. Nothing is
downloaded: give their paths, e.g. --cfg-options
model.encoders.rgb.pretrained=F model.encoders.depth.pretrained=F model.encoders.flow.pretrained=G
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        rgb=dict(type='InceptionI3D', in_channels=3, pretrained=None),
        flow=dict(type='InceptionI3D', in_channels=2, pretrained=None),
        depth=dict(type='InceptionI3D', in_channels=1, pretrained=None)),
    fusion=dict(type='ConcatFusion', in_channels=dict(rgb=1024, flow=1024, depth=1024)),
    head=dict(
        type='JointHead',
        num_classes=25,
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        fused_channels=3072,
        alpha=0.2),
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(
            rgb=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW'),
            flow=dict(
                type='ActionDataPreprocessor',
                mean=[127.5, 127.5],
                std=[127.5, 127.5],
                format_shape='NCTHW'),
            depth=dict(
                type='ActionDataPreprocessor', mean=[0.0], std=[255.0], format_shape='NCTHW'))))
