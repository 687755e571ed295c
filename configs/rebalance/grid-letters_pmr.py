"""PMR on the spoken letters: a prototype loss for the slow modality.

Purpose: the PMR row of the paper, on the concatenation baseline.
Command: python tools/train.py configs/rebalance/grid-letters_pmr.py

Source of every number: ../fusion/grid-letters_concat.py has everything but the hook. alpha 1,
momentum 0.2, a tenth of the data: defaults of the published code of PMR. The entropy terms are in
its paper alone; their weight 0.1 for 5 epochs: our choice. It has no row in the paper.
"""
_base_ = '../fusion/grid-letters_concat.py'
custom_hooks = _base_.custom_hooks + [
    dict(type='PMRHook', alpha=1.0, momentum=0.2, share=0.1, entropy_weight=0.1, entropy_epochs=5)
]
