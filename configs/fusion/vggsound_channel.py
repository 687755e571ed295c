"""Channel gates (MMTM) on VGGSound.

Purpose: the Channel row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/vggsound_channel.py

Source of every number: ./vggsound_concat.py has everything but the fusion. Ratio 4 and sigmoid
gates: authors' sibling repositories, after layers 2, 3 and 4. It has no row in the paper.
"""
_base_ = './vggsound_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='ChannelFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=309,
        levels=dict(
            audio=dict(layer2=128, layer3=256, layer4=512),
            video=dict(layer2=128, layer3=256, layer4=512))),
    head=dict(fused_channels=None))
