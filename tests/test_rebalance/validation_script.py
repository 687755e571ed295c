"""Validations whose results a test writes, in runs that are real in everything else."""
from __future__ import annotations

from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from tests.test_rebalance.probes import config

OPTIMIZERS = dict(
    SGD=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=0.1),
    Adam=dict(type='Adam', lr=0.05, weight_decay=0.1))
EVERY = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))


@HOOKS.register_module(force=True)
class ScriptValidation(Hook):
    """Replace metrics of the n-th validation, before any other hook sees them.

    Args:
        script: Values by metric, one per epoch.
    """

    priority = 'VERY_HIGH'

    def __init__(self, script):
        self.script = script

    def after_val_epoch(self, runner, metrics=None):
        metrics.update({key: values[runner.epoch - 1] for key, values in self.script.items()})


@HOOKS.register_module(force=True)
class KeepModalities(Hook):
    """Copy the state of every modality at the end of each epoch; tell which ones train."""

    def __init__(self):
        self.epochs, self.modes = [], []

    def after_train_epoch(self, runner):
        self.modes.append({name for name, encoder in runner.model.encoders.items()
                           if all(module.training for module in encoder.modules())})
        self.epochs.append({name: modality_of(runner, name) for name in runner.model.modalities})


def modality_of(runner, name):
    """Encoder and classifier with all buffers, and what the optimiser knows of them."""
    parts = runner.model.encoders[name], runner.model.head.classifiers[name]
    optimizer = runner.optim_wrapper.optimizer
    state = [value.clone() for part in parts for value in part.state_dict().values()]
    return state + [value.clone() for part in parts for parameter in part.parameters()
                    for value in optimizer.state[parameter].values()]


def validated(folder, *hooks, script=None, epochs=4, optimizer='SGD', **options):
    """A toy run that validates after every epoch."""
    hooks = (*hooks, dict(type='KeepModalities'), *(
        [] if script is None else [dict(type='ScriptValidation', script=script)]))
    return config(folder, *hooks, **{
        'train_cfg': dict(type='CurriculumTrainLoop', max_epochs=epochs),
        'optim_wrapper': dict(optimizer=OPTIMIZERS[optimizer]), **options})
