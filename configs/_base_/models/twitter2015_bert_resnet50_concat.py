"""BERT for the text and ResNet-50 for the image, their features concatenated; 3 classes.

Purpose: the Twitter2015 model, to be inherited by the configs of methods and by the brick of
Sarcasm.
Command: none of its own; python tools/train.py configs/bss/twitter2015_bssl.py uses it.

Source of every number:
- BERT-base-uncased (768, pooler) and ResNet-50 (2048), both pretrained: BSS paper, section 4.1.
- alpha 0.2: BSS paper, Eq 4. All three streams are summed for the prediction: Eq 12.
- ImageNet mean and std: our choice; the authors' code normalises nothing.

Nothing is downloaded: put the two pretrained networks at the paths below, or give others with
--cfg-options model.encoders.text.pretrained=FOLDER model.encoders.image.weights=FILE
"""
model = dict(
    type='MultiModalClassifier',
    encoders=dict(
        text=dict(type='BertEncoder', pretrained='data/pretrained/bert-base-uncased'),
        image=dict(
            type='TorchvisionEncoder', name='resnet50', weights='data/pretrained/resnet50.pth')),
    fusion=dict(type='ConcatFusion', in_channels=dict(text=768, image=2048)),
    head=dict(
        type='JointHead',
        num_classes=3,
        in_channels=dict(text=768, image=2048),
        fused_channels=2816,
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
