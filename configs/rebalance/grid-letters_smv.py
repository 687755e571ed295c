"""SMV on the spoken letters: samples come again, with the modality that gives too little.

Purpose: Concat with sample-level resampling.
Command: python tools/train.py configs/rebalance/grid-letters_smv.py

Source of every number: warm-up 5, SMV paper and published code. It has no row in the paper.
Everything else is inherited.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='SMVHook', level='sample', warmup=5)
]
