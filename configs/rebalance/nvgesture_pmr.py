"""PMR on NVGesture: a prototype loss for the slow modality.

Purpose: Concat with a loss on the features of the modality that lags behind.
Command: python tools/train.py configs/rebalance/nvgesture_pmr.py

Source of every number: ../fusion/nvgesture_concat.py has everything but the hook. alpha 1,
momentum 0.2, epochs 0 to 100, a tenth of the data: defaults of the published code of PMR. The
entropy terms are in its paper alone; their weight 0.1 for 5 epochs: our choice. PMR is published
for two modalities; comparing each with the mean of the others is our extension. It has no row in
the paper.
"""
_base_ = '../fusion/nvgesture_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(
        type='PMRHook',
        alpha=1.0,
        momentum=0.2,
        end=100,
        share=0.1,
        entropy_weight=0.1,
        entropy_epochs=5,
        extension='mean_of_others')
]
