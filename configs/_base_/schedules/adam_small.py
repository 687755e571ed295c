"""Adam with a rate that falls over a short training.

Purpose: optimiser, schedule and loops of the small data sets, which train within minutes on two
CPU cores; to be inherited by the configs of methods.
Command: none of its own; python tools/train.py configs/bss/avmnist_bssl.py uses it.

Source of every number: our choice. 20 epochs, so that BSS-L scores four times at E = 5.
"""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='CosineAnnealingLR', T_max=20, eta_min=1e-5, by_epoch=True)
]
train_cfg = dict(type='CurriculumTrainLoop', max_epochs=20, val_begin=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
