"""LSTM over the modalities (ML-LSTM) on CREMA-D.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/cremad_lstm.py

Source of every number: ./cremad_concat.py has everything but the fusion. A reconstruction: no
code was published; 512 units and 2 layers are our choice. The paper reports 62.94 accuracy, 64.73
MAP.
"""
_base_ = './cremad_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(audio=512, video=512),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1024))
