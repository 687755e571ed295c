"""SMV on Twitter2015: samples come again, alone with the modality that contributes too little.

Purpose: the SMV row of the paper: Concat with sample-level resampling.
Command: python tools/train.py configs/rebalance/twitter2015_smv.py

Source of every number: warm-up 5, SMV paper and published code. The BSS paper reports 74.28
accuracy, 68.17 macro F1, and does not say which level was used. Everything else is inherited.
"""
_base_ = '../fusion/twitter2015_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='SMVHook', level='sample', warmup=5)
]
