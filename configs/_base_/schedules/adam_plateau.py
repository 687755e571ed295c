"""Adam for pretrained text and image encoders.

Purpose: optimiser, schedule and loops of the text-image sets, to be inherited by the configs of
methods.
Command: none of its own; python tools/train.py configs/bss/twitter2015_bssl.py uses it.

Source of every number:
- Adam, rate 1e-5, divided by 10 when the loss saturates: BSS paper, section 4.1. Patience 10 and
  the validation loss as what saturates: our choice.
- betas 0.9 and 0.999, weight decay 1e-4, 120 epochs: authors' published code (Sarcasm).
"""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-5, betas=(0.9, 0.999), weight_decay=1e-4))
param_scheduler = [
    dict(type='ReduceOnPlateauLR', monitor='nll/fused', rule='less', factor=0.1, patience=10)
]
train_cfg = dict(type='CurriculumTrainLoop', max_epochs=120, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
