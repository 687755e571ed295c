"""Sum of linear classifiers on Sarcasm.

Purpose: the Sum row of the paper: the fused classifier alone is trained and predicts.
Command: python tools/train.py configs/fusion/sarcasm_sum.py

Source of every number: ./sarcasm_concat.py has everything but the fusion. Its form: authors'
sibling repositories. The paper reports 82.94 accuracy, 82.47 macro F1.
"""
_base_ = './sarcasm_concat.py'
model = dict(
    fusion=dict(
        _delete_=True,
        type='SumFusion',
        in_channels=dict(text=768, image=2048),
        num_classes=2),
    head=dict(fused_channels=None))
