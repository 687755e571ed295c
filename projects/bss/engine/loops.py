"""An epoch-based loop for epochs that differ in length."""
from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from .hooks.resume_order_hook import balance_sampler_of, batch_size_of


@LOOPS.register_module()
class CurriculumTrainLoop(EpochBasedTrainLoop):
    """Train by epochs whose length a curriculum plans, and resume inside one.

    ``max_iters``, and with it the time left, the last accumulation step and iteration-based
    schedules, follow the planned lengths. Data loaders get random streams of their own, so that
    opening one, as a resumed run must, does not move the model's. mmengine saves before it
    validates; a run resumed between the two validates first, so that schedules and the choice of
    the best checkpoint miss nothing.

    Args:
        runner: The runner.
        dataloader: Training loader or its config, with a ``BalanceSampler``.
        **kwargs: Arguments of :class:`mmengine.runner.EpochBasedTrainLoop`.

    Raises:
        TypeError: If the sampler is not a BalanceSampler.
        ValueError: If an epoch would have no batch, or an epoch-based schedule is to be converted
            to iterations although epochs differ in length.
    """

    def __init__(self, runner: Any, dataloader: DataLoader | dict, **kwargs: Any) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.sampler = balance_sampler_of(self.dataloader)
        lengths = self._planned_batches()
        _refuse_empty_epochs(lengths)
        self._max_iters = sum(lengths)
        if len(set(lengths)) > 1:
            _refuse_converted_schedules(runner.param_schedulers)
        self._isolate_randomness(self.dataloader)
        self._first_epoch_of_process = True

    def run(self) -> torch.nn.Module:
        """Launch training."""
        if self.runner.val_loop is not None:
            self._isolate_randomness(self.runner.val_dataloader)
        return super().run() if self._epoch < self._max_epochs else self._finish()

    def _finish(self) -> torch.nn.Module:
        """Validate after the last epoch, which was saved before the run was cut off."""
        self.runner.call_hook('before_train')
        self._validate_if_due()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Iterate the rest of the epoch: all of it, unless the run was resumed inside."""
        if self._first_epoch_of_process and self._epoch and not self.sampler.cursor:
            self._validate_if_due()
        self._first_epoch_of_process = False
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self.sampler.cursor // (batch_size_of(self.dataloader) * self.sampler.world_size)
        for idx, data_batch in enumerate(self.dataloader, start=done):
            self.run_iter(idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _validate_if_due(self) -> None:
        if (self.runner.val_loop is not None and self._epoch >= self.val_begin
                and self._epoch % self.val_interval == 0):
            self.runner.val_loop.run()

    def _planned_batches(self) -> list[int]:
        size = len(self.dataloader.dataset)
        samples = [size] * self._max_epochs
        for hook in self.runner.hooks:
            if hasattr(hook, 'planned_samples'):
                samples = hook.planned_samples(size, self._max_epochs)
        return [self._batches(self.sampler.rank_length(count)) for count in samples]

    def _batches(self, num_samples: int) -> int:
        batches = num_samples / batch_size_of(self.dataloader)
        return math.floor(batches) if self.dataloader.drop_last else math.ceil(batches)

    def _isolate_randomness(self, loader: DataLoader) -> None:
        loader.generator = torch.Generator().manual_seed(self.sampler.seed)


def _refuse_empty_epochs(batches: list[int]) -> None:
    if 0 in batches:
        raise ValueError(
            f'Epoch {batches.index(0) + 1} would have no batch, because its samples do not fill '
            'one and `drop_last` is set: raise `lambda_0` of the pacing, lower `batch_size`, or '
            'set drop_last=False.')


def _refuse_converted_schedules(schedules: Any) -> None:
    for schedule in schedules if isinstance(schedules, (list, tuple)) else [schedules]:
        if isinstance(schedule, dict) and schedule.get('convert_to_iter_based'):
            raise ValueError(
                f'`convert_to_iter_based=True` of {schedule.get("type")} takes all epochs to be '
                'equally long, but the pacing makes them differ: keep the schedule by epoch, or '
                'give it in iterations with by_epoch=False.')
