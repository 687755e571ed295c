"""LSTM over the modalities (ML-LSTM) on Twitter2015.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/twitter2015_lstm.py

Source of every number: ./twitter2015_concat.py has everything but the fusion. A reconstruction:
no code was published; 512 units and 2 layers are our choice. The paper reports 70.68 accuracy,
65.64 macro F1.
"""
_base_ = './twitter2015_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(text=768, image=2048),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1024))
