"""Channel gates (MMTM) on CREMA-D.

Purpose: the Channel row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_channel.py

Source of every number: ./cremad_concat.py has everything but the fusion. Ratio 4 and sigmoid
gates: authors' sibling repositories, after layers 2, 3 and 4. The paper reports 66.13 accuracy,
71.75 MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='ChannelFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=6,
        levels=dict(
            audio=dict(layer2=128, layer3=256, layer4=512),
            video=dict(layer2=128, layer3=256, layer4=512))),
    head=dict(fused_channels=None))
