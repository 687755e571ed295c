"""An epoch-based loop for epochs that differ in length."""
from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import LOOPS
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from .hooks.resume_order_hook import balance_sampler_of, batch_size_of


@LOOPS.register_module()
class CurriculumTrainLoop(EpochBasedTrainLoop):
    """Train by epochs whose length a curriculum plans, and resume inside one.

    ``max_iters``, and with it the time left, the last accumulation step and iteration-based
    schedules, follow the planned lengths. Where a length is known only when its epoch begins,
    ``max_iters`` is an estimate until the last epoch: the epochs to come are taken to be as long as
    the present one. Data loaders get random streams of their own, so that opening one, as a resumed
    run must, does not move the model's. mmengine saves before it validates; a run resumed between
    the two validates first, so that schedules and the choice of the best checkpoint miss nothing.

    Args:
        runner: The runner.
        dataloader: Training loader or its config, with a ``BalanceSampler``.
        **kwargs: Arguments of :class:`mmengine.runner.EpochBasedTrainLoop`.

    Raises:
        TypeError: If the sampler is not a BalanceSampler.
        ValueError: If an epoch would have no batch, two hooks plan the epochs, or an epoch-based
            schedule is to be converted to iterations although epochs differ in length.
    """

    def __init__(self, runner: Any, dataloader: DataLoader | dict, **kwargs: Any) -> None:
        super().__init__(runner, dataloader, **kwargs)
        self.sampler = balance_sampler_of(self.dataloader)
        planned = self._planned_samples()
        self._grows = None in planned
        size = len(self.dataloader.dataset)
        lengths = [self._batches(self.sampler.rank_length(count or size)) for count in planned]
        _refuse_empty_epochs(lengths)
        self._max_iters = sum(lengths)
        if self._grows or len(set(lengths)) > 1:
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
            if self.stop_training:
                return
        self._first_epoch_of_process = False
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self.sampler.cursor // (batch_size_of(self.dataloader) * self.sampler.world_size)
        if self._grows:
            self._expect_batches(done)
        for idx, data_batch in enumerate(self.dataloader, start=done):
            self.run_iter(idx, data_batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _validate_if_due(self) -> None:
        if (self.runner.val_loop is not None and self._epoch >= self.val_begin
                and self._epoch % self.val_interval == 0):
            self.runner.val_loop.run()

    def _planned_samples(self) -> list[int | None]:
        size = len(self.dataloader.dataset)
        planners = [hook for hook in self.runner.hooks if hasattr(hook, 'planned_samples')]
        if len(planners) > 1:
            names = ' and '.join(type(hook).__name__ for hook in planners)
            raise ValueError(f'One hook can plan the epochs, but `custom_hooks` has {names}, each '
                             'of which would undo what the other plans: remove one.')
        if not planners:
            return [size] * self._max_epochs
        return planners[0].planned_samples(size, self._max_epochs)

    def _expect_batches(self, done: int) -> None:
        """Take the present epoch, of which some batches are done, as the measure of the rest."""
        epochs_left = self._max_epochs - self._epoch
        self._max_iters = self._iter - done + epochs_left * self._batches(len(self.sampler))
        self.runner.message_hub.update_info('max_iters', self._max_iters)
        for wrapper in _single_wrappers(self.runner.optim_wrapper):
            # mmengine's own method for this warns of a resumed run, which this need not be.
            wrapper._max_counts = self._max_iters
            wrapper._remainder_counts = self._max_iters % wrapper._accumulative_counts

    def _batches(self, num_samples: int) -> int:
        batches = num_samples / batch_size_of(self.dataloader)
        return math.floor(batches) if self.dataloader.drop_last else math.ceil(batches)

    def _isolate_randomness(self, loader: DataLoader) -> None:
        loader.generator = torch.Generator().manual_seed(self.sampler.seed)


def _single_wrappers(optim_wrapper: Any) -> list[OptimWrapper]:
    if isinstance(optim_wrapper, OptimWrapperDict):
        return list(optim_wrapper.values())
    return [optim_wrapper]


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
                'equally long, but here they differ: keep the schedule by epoch, or '
                'give it in iterations with by_epoch=False.')
