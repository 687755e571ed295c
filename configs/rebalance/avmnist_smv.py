"""SMV on AV-MNIST: samples come again, alone with the modality that contributes too little.

Purpose: Concat with sample-level resampling.
Command: python tools/train.py configs/rebalance/avmnist_smv.py

Source of every number: warm-up 5, SMV paper and published code. It has no row in the paper.
Everything else is inherited.
"""
_base_ = '../fusion/avmnist_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='SMVHook', level='sample', warmup=5)
]
