"""LSTM over the modalities (ML-LSTM) on AV-MNIST.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/avmnist_lstm.py

Source of every number: ./avmnist_concat.py has everything but the fusion. A reconstruction: no
code was published; 512 units and 2 layers are our choice. It has no row in the paper.
"""
_base_ = './avmnist_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(image=64, audio=64),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1024))
