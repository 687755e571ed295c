"""Two ResNet-18, for spectrograms and frames, their features concatenated; 6 classes.

Purpose: the CREMA-D model, to be inherited by the configs of methods and by the bricks of the
other audio-video sets.
Command: none of its own; python tools/train.py configs/bss/cremad_bssl.py uses it.

Source of every number:
- two ResNet-18 with random weights, 512 features each: BSS paper, section 4.1.
- alpha 0.2: BSS paper, Eq 4. All three streams are summed for the prediction: Eq 12.
- spectrogram of 512 samples every 353, ImageNet mean and std of the frames, Xavier for linear
  layers (torchvision has Kaiming for convolutions already): authors' published code.
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        audio=dict(type='TorchvisionEncoder', name='resnet18', in_channels=1),
        video=dict(type='TorchvisionEncoder', name='resnet18')),
    fusion=dict(type='ConcatFusion', in_channels=dict(audio=512, video=512)),
    head=dict(
        type='JointHead',
        num_classes=6,
        in_channels=dict(audio=512, video=512),
        fused_channels=1024,
        alpha=0.2),
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(
            audio=dict(type='SpectrogramPreprocessor', n_fft=512, hop_length=353),
            video=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW'))),
    init_cfg=dict(type='Xavier', layer='Linear', distribution='normal'))
