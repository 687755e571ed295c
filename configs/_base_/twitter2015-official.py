"""What the authors' published code does otherwise on Twitter2015, apart from order.

Purpose: what the twitter2015_*-official configs replace in the paper's.
Command: none of its own; python tools/train.py configs/bss/twitter2015_bssl-official.py uses it.

Source of every number: authors' published code. Batches of 32, the last incomplete one dropped;
texts are not truncated; the text feature is projected to 2048; pictures are not normalised; all
losses weigh 1; SGD at 1e-3, / 10 at epoch 70; scores of BSS-H from train mode; the test list
serves validation.
"""
official_pipeline = [
    dict(type='CleanText', modality='text', max_words=20),
    dict(
        type='Tokenize',
        modality='text',
        tokenizer='data/pretrained/bert-base-uncased',
        truncation=False),
    dict(type='LoadImages', modality='image'),
    dict(
        type='TransformImages',
        modality='image',
        transforms=[dict(type='Resize', size=(384, 384))]),
    dict(type='PackMultiModalInputs'),
]
official_train_dataloader = dict(
    batch_size=32, drop_last=True, dataset=dict(pipeline=official_pipeline))
official_test_dataloader = dict(
    batch_size=32,
    dataset=dict(ann_file='annotations/test.tsv', pipeline=official_pipeline))
equal_weights = dict(text=1, image=1, fused=1)
official_model = dict(
    encoders=dict(text=dict(out_channels=2048)),
    fusion=dict(in_channels=dict(text=2048)),
    head=dict(in_channels=dict(text=2048), fused_channels=4096, loss_weights=equal_weights),
    data_preprocessor=dict(
        preprocessors=dict(image=dict(mean=[0.0, 0.0, 0.0], std=[255.0, 255.0, 255.0]))))
official_optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4))
official_schedule = [dict(type='StepLR', step_size=70, gamma=0.1, by_epoch=True)]
official_scoring = dict(pipeline=None, batch_size=32, mode='train')
