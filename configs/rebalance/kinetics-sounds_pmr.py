"""PMR on Kinetics-Sounds: a prototype loss for the slow modality.

Purpose: the PMR row of the paper: Concat with a loss on the features of the modality that lags
behind.
Command: python tools/train.py configs/rebalance/kinetics-sounds_pmr.py

Source of every number: ../fusion/kinetics-sounds_concat.py has everything but the hook. alpha 1,
momentum 0.2, epochs 0 to 100, a tenth of the data: defaults of the published code of PMR. The
entropy terms are in its paper alone; their weight 0.1 for 5 epochs: our choice. The BSS paper
reports 66.56 accuracy, 71.93 MAP.
"""
_base_ = '../fusion/kinetics-sounds_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(
        type='PMRHook',
        alpha=1.0,
        momentum=0.2,
        end=100,
        share=0.1,
        entropy_weight=0.1,
        entropy_epochs=5)
]
