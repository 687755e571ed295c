"""A small BERT with random weights and a small convolutional network, their features concatenated.

Purpose: the model of the product photos and titles, made for two CPU cores; to be inherited by the
configs of methods.
Command: none of its own; python tools/train.py configs/bss/fashion_bssl.py uses it.

Source of every number: alpha 0.2, BSS paper, Eq 4; everything else is our choice.
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        text=dict(
            type='BertEncoder',
            config=dict(
                vocab_size=4096,
                hidden_size=64,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=128,
                max_position_embeddings=32)),
        image=dict(type='SmallConvEncoder', in_channels=3, widths=(16, 32, 64))),
    fusion=dict(type='ConcatFusion', in_channels=dict(text=64, image=64)),
    head=dict(
        type='JointHead',
        num_classes=24,
        in_channels=dict(text=64, image=64),
        fused_channels=128,
        alpha=0.2),
    data_preprocessor=dict(
        type='StreamPreprocessor',
        preprocessors=dict(
            text=dict(type='TokenPreprocessor', pad_id=0),
            image=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCTHW'))))
