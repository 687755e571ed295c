"""Channel gates (MMTM) on NVGesture.

Purpose: the Channel row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_channel.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. Ratio 4 and sigmoid
gates: authors' sibling repositories; the blocks of I3D are our choice. The paper reports 81.54
accuracy, 81.57 macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='ChannelFusion',
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        num_classes=25,
        levels=dict(
            rgb=dict(Mixed_4f=832, Mixed_5b=832, Mixed_5c=1024),
            flow=dict(Mixed_4f=832, Mixed_5b=832, Mixed_5c=1024),
            depth=dict(Mixed_4f=832, Mixed_5b=832, Mixed_5c=1024))),
    head=dict(fused_channels=None))
