"""SMV on NVGesture: samples come again, alone with the modality that contributes too little.

Purpose: the SMV row of the paper: Concat with sample-level resampling.
Command: python tools/train.py configs/rebalance/nvgesture_smv.py

Source of every number: warm-up 5, SMV paper and published code. Copies by the same thresholds for
three modalities: our choice. The BSS paper reports 83.52 accuracy, 83.41 macro F1, and does not
say which level was used. Everything else is inherited.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='SMVHook', level='sample', warmup=5)
]
