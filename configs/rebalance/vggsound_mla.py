"""MLA on VGGSound.

Purpose: audio and video take turns within every batch on one classifier, which is protected by a
projection; the prediction weighs them by their entropy.
Command: python tools/train.py configs/rebalance/vggsound_mla.py

Source of every number: alpha 0.1, authors' published code, here constant; everything else
../fusion/vggsound_concat.py. The BSS paper reports 51.65 accuracy, 54.73 MAP.
"""
_base_ = '../fusion/vggsound_concat.py'
model = dict(
    type='MLAClassifier',
    alpha=0.1,
    fusion=dict(
        _delete_=True,
        type='SharedEntropyFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=309),
    head=dict(fused_channels=None, loss_weights=dict(audio=1.0, video=1.0)))
model_wrapper_cfg = dict(type='StepDataParallel')
