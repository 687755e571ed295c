"""Two small convolutional networks, for digits and Mel filter banks, their features concatenated.

Purpose: the AV-MNIST model, made for two CPU cores; to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/avmnist_bssl.py uses it.

Source of every number: alpha 0.2, BSS paper, Eq 4; 32 filters: sanity baseline of the set;
everything else is our choice. 1 s of sound are 98 windows of 25 ms. Mean and standard deviation
are those of MNIST and of the first 4,800 training recordings, version clean.
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        image=dict(type='SmallConvEncoder', in_channels=1, widths=(16, 32, 64), grid=4),
        audio=dict(type='SmallConvEncoder', in_channels=1, widths=(16, 32, 64), grid=4)),
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
            audio=dict(
                type='FilterBankPreprocessor',
                sample_rate=8000,
                num_mel_bins=32,
                num_frames=98,
                mean=-5.0672,
                std=3.4674))))
