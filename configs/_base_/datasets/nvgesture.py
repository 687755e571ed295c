"""NVGesture: colour, optical flow and depth of 25 hand gestures, at full size.

Purpose: data loaders and metrics, to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/nvgesture_bssl.py uses it.

Source of every number:
- 25 classes, 1,050 train and 482 test clips of 80 frames: the lists of Molchanov et al., CVPR 2016.
- batch size 2: BSS paper, section 4.1.
- resize to 256 x 256, crop of 224, window of 64 frames in training, all 80 frames and the centre
  crop in testing, no flip: authors' published code (the paper gives no sizes).
- the test list serves validation: authors' published code; the set has no validation split.
- num_workers 4: our choice.
"""
dataset_type = 'NVGestureDataset'
data_root = 'data/nvgesture'
train_list = 'nvgesture_train_correct_v2.lst'
test_list = 'nvgesture_test_correct_v2.lst'
modalities = ('rgb', 'flow', 'depth')

train_pipeline = [
    dict(type='SampleWindow', length=64, random=True),
    dict(type='SampleCrop', resize=256, size=224, random=True),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]
test_pipeline = [
    dict(type='SampleWindow', length=None),
    dict(type='SampleCrop', resize=256, size=224),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]
# What BSS scores: the training view without chance.
scoring_pipeline = [
    dict(type='SampleWindow', length=64),
    dict(type='SampleCrop', resize=256, size=224),
    dict(type='LoadClip'),
    dict(type='PackMultiModalInputs'),
]

train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='BalanceSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=train_list,
        split='train',
        modalities=modalities,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type='stack_streams'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file=test_list,
        split='test',
        modalities=modalities,
        pipeline=test_pipeline,
        test_mode=True))
test_dataloader = val_dataloader

# The rate of the schedule goes with this batch size; --auto-scale-lr scales it with the batch.
auto_scale_lr = dict(enable=False, base_batch_size=2)

val_evaluator = dict(type='MultiModalMetric')
test_evaluator = val_evaluator
