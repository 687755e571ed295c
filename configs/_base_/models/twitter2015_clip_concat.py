"""CLIP's two towers, their features concatenated; 3 classes.

Purpose: the CLIP model of Twitter2015, to be inherited by the configs of methods and by the brick
of Sarcasm.
Command: none of its own; python tools/train.py configs/bss/twitter2015-clip_bssl.py uses it.

Source of every number: ViT-B/32 with projections of 512 and its mean and std, Radford et al., ICML
2021; alpha 0.2, BSS paper, Eq 4. Combining it with BSS is our choice.

Nothing is downloaded: put the pretrained network at the path below, or give another with
--cfg-options model.encoders.text.pretrained=FOLDER model.encoders.image.pretrained=FOLDER
"""
clip_folder = 'data/pretrained/clip-vit-base-patch32'
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        text=dict(type='ClipTextEncoder', pretrained=clip_folder),
        image=dict(type='ClipVisionEncoder', pretrained=clip_folder)),
    fusion=dict(type='ConcatFusion', in_channels=dict(text=512, image=512)),
    head=dict(
        type='JointHead',
        num_classes=3,
        in_channels=dict(text=512, image=512),
        fused_channels=1024,
        alpha=0.2),
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(
            text=dict(type='TokenPreprocessor', pad_id=49407),
            image=dict(
                type='ActionDataPreprocessor',
                mean=[122.7709383, 116.7460125, 104.09373615],
                std=[68.5005327, 66.6321579, 70.32316305],
                format_shape='NCTHW'))))
