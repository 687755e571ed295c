"""LSTM over the modalities (ML-LSTM) on VGGSound.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/vggsound_lstm.py

Source of every number: ./vggsound_concat.py has everything but the fusion. A reconstruction: no
code was published; 512 units and 2 layers are our choice. It has no row in the paper.
"""
_base_ = './vggsound_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(audio=512, video=512),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1024))
