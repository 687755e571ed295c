"""SMV on CREMA-D: samples come again, alone with the modality that contributes too little.

Purpose: the SMV row of the paper: Concat with sample-level resampling.
Command: python tools/train.py configs/rebalance/cremad_smv.py

Source of every number: warm-up 5, SMV paper and published code; everything else is inherited. The
BSS paper reports 78.72 accuracy, 84.17 MAP, and does not say which level was used.
"""
_base_ = '../fusion/cremad_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='SMVHook', level='sample', warmup=5)
]
