"""Two small convolutional networks, for digits and spectrograms, their features concatenated.

Purpose: the AV-MNIST model, made for two CPU cores; to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/avmnist_bssl.py uses it.

Source of every number: alpha 0.2, BSS paper, Eq 4; everything else is our choice. The spectrogram
of 1 s at 8 kHz is 65 x 63.
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        image=dict(type='SmallConvEncoder', in_channels=1, widths=(16, 32, 64)),
        audio=dict(type='SmallConvEncoder', in_channels=1, widths=(16, 32, 64))),
    fusion=dict(type='ConcatFusion', in_channels=dict(image=64, audio=64)),
    head=dict(
        type='JointHead',
        num_classes=10,
        in_channels=dict(image=64, audio=64),
        fused_channels=128,
        alpha=0.2),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            image=dict(
                type='ActionDataPreprocessor', mean=[33.3], std=[78.6], format_shape='NCTHW'),
            audio=dict(type='SpectrogramPreprocessor', n_fft=128, hop_length=128))))
