"""SGD whose rate falls when learning saturates.

Purpose: optimiser, schedule and loops of NVGesture and the audio-video sets, to be inherited by
the configs of methods.
Command: none of its own; python tools/train.py configs/bss/nvgesture_bssl.py uses it.

Source of every number:
- SGD, momentum 0.9, weight decay 1e-4, rate 1e-2, divided by 10 when the loss saturates: BSS
  paper, section 4.1. Patience 10 and the validation loss as what saturates: our choice.
- 120 epochs: authors' published code.
"""
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='ReduceOnPlateauLR', monitor='nll/fused', rule='less', factor=0.1, patience=10)
]
train_cfg = dict(type='CurriculumTrainLoop', max_epochs=120, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
