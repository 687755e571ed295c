"""LSTM over the modalities (ML-LSTM) on NVGesture.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/nvgesture_lstm.py

Source of every number: ./nvgesture_concat.py has everything but the fusion. A reconstruction: no
code was published; 512 units and 2 layers are our choice. The paper reports 83.20 accuracy, 83.30
macro F1.
"""
_base_ = './nvgesture_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(rgb=1024, flow=1024, depth=1024),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1536))
