"""Two small convolutional networks, for Mel filter banks and lips, their features concatenated.

Purpose: the model of the spoken letters, made for two CPU cores; to be inherited by the configs of
methods.
Command: none of its own; python tools/train.py configs/bss/grid-letters_bssl.py uses it.

Source of every number: alpha 0.2, BSS paper, Eq 4; 40 filters and 12 frames as channels: sanity
baseline of the set; everything else is our choice. 0.6 s of sound are 58 windows of 25 ms. Mean
and standard deviation of filter banks and frames are those of the training clips.
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        audio=dict(type='SmallConvEncoder', in_channels=1, widths=(16, 32, 64, 128)),
        video=dict(
            type='SmallConvEncoder', in_channels=1, widths=(32, 64, 64), stacked_frames=12)),
    fusion=dict(type='ConcatFusion', in_channels=dict(audio=128, video=64)),
    head=dict(
        type='JointHead',
        num_classes=25,
        in_channels=dict(audio=128, video=64),
        fused_channels=192,
        alpha=0.2),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            audio=dict(
                type='FilterBankPreprocessor',
                sample_rate=16000,
                num_mel_bins=40,
                num_frames=58,
                mean=-3.1359,
                std=3.0264),
            video=dict(
                type='ActionDataPreprocessor', mean=[145.85], std=[24.67], format_shape='NCTHW'))))
