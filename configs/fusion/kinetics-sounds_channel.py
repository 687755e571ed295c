"""Channel gates (MMTM) on Kinetics-Sounds.

Purpose: the Channel row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/kinetics-sounds_channel.py

Source of every number: ./kinetics-sounds_concat.py has everything but the fusion. Ratio 4 and
sigmoid gates: authors' sibling repositories, after layers 2, 3 and 4. The paper reports 63.51
accuracy, 68.66 MAP.
"""
_base_ = './kinetics-sounds_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='ChannelFusion',
        in_channels=dict(audio=512, video=512),
        num_classes=31,
        levels=dict(
            audio=dict(layer2=128, layer3=256, layer4=512),
            video=dict(layer2=128, layer3=256, layer4=512))),
    head=dict(fused_channels=None))
