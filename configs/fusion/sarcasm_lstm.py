"""LSTM over the modalities (ML-LSTM) on Sarcasm.

Purpose: the LSTM row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/sarcasm_lstm.py

Source of every number: ./sarcasm_concat.py has everything but the fusion. A reconstruction: no
code was published; 512 units and 2 layers are our choice. The paper reports 82.05 accuracy, 70.73
macro F1.
"""
_base_ = './sarcasm_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='LSTMFusion',
        in_channels=dict(text=768, image=2048),
        hidden=512,
        num_layers=2),
    head=dict(fused_channels=1024))
