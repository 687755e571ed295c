"""The gradient seam: change gradients between the backward pass and the optimiser's step."""
from __future__ import annotations

from abc import abstractmethod
from typing import Any, Mapping

import numpy as np
import torch
from mmengine.dist import all_reduce_dict, broadcast
from mmengine.optim import OptimWrapperDict
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from projects.bss.engine.hooks.buffered_info_hook import log_scalar
from projects.bss.models.base import BatchOutputs

from .method_hook import MethodHook


class GradientHook(MethodHook):
    """Base of methods that change gradients.

    Gradients are changed just before the optimiser steps: by then mixed precision has unscaled
    them, ranks have averaged them, gradient accumulation has added them up, and gradient clipping
    is over. What the change depends on is summed over all training passes since the last step
    and over ranks, so that it is the same on every rank, and the same for one large batch as for
    several accumulated ones.

    Args:
        begin: First epoch, counted from 0, in which gradients are changed.
        end: Last such epoch, included; None for all.

    Raises:
        TypeError: If several optimisers train the model.
        ValueError: If ``begin`` is negative or ``end`` lies before it.
        RuntimeError: If the model trains without ``forward(mode='loss')``.
    """

    seam = 'gradient'

    def __init__(self, begin: int = 0, end: int | None = None) -> None:
        if begin < 0 or end is not None and end < begin:
            raise ValueError(f'`begin` and `end` must be epochs with 0 <= begin <= end, but got '
                             f'{begin} and {end}: `end` is the last epoch that counts.')
        self.begin, self.end = begin, end
        self._sums: dict[str, Tensor] = {}

    @abstractmethod
    def statistics(self, outputs: BatchOutputs) -> dict[str, Tensor]:
        """Sum over a batch what :meth:`modulate` needs.

        Args:
            outputs: Logits, features, labels and presence of a training pass; called without
                gradient.

        Returns:
            Sums over samples, by name, all of one type: those of batches and of ranks are added.
        """

    @abstractmethod
    def modulate(self, statistics: Mapping[str, Tensor],
                 generator: torch.Generator) -> dict[str, Tensor]:
        """Change the ``.grad`` of the model's parameters in place.

        Args:
            statistics: Sums of :meth:`statistics` over all batches since the last step and over
                ranks.
            generator: Source of random numbers on the device of the statistics, a function of
                (seed, number of the step), equal on all ranks.

        Returns:
            Scalars by name, for the log.
        """

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Listen to training passes and to the optimiser."""
        if isinstance(runner.optim_wrapper, OptimWrapperDict):
            raise TypeError(f'{type(self).__name__} acts before the step of the one optimiser, but '
                            f'`optim_wrapper` is a {type(runner.optim_wrapper).__name__}: train '
                            'all parameters with a single optimiser.')
        self._seed = _common_seed(runner.seed)
        return (self.model.register_loss_hook(self._observe),
                runner.optim_wrapper.optimizer.register_step_pre_hook(
                    lambda *_: self._before_step(runner)))

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Observe the training passes of the epochs in the window."""
        inside = runner.epoch >= self.begin and (self.end is None or runner.epoch <= self.end)
        self.training = inside
        self._observed = False

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Forget the batches whose step is over, or was skipped because gradients overflowed."""
        if self.training and not self._observed:
            raise RuntimeError(
                f"{type(self).__name__} saw no training pass in iteration {runner.iter + 1}, so it "
                f'would change nothing: {type(self.model).__name__} computes its losses in a way '
                'of its own, which does not go together with this hook; leave one of them out.')
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        if runner.optim_wrapper.should_update():
            self._sums = {}

    @torch.no_grad()
    def _observe(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        if self.training:
            self._observed = True
            for name, value in self.statistics(outputs).items():
                self._sums[name] = self._sums[name] + value if name in self._sums else value
        return losses

    @torch.no_grad()
    def _before_step(self, runner: Any) -> None:
        sums, self._sums = self._sums, {}
        if not sums:
            return
        all_reduce_dict(sums)
        device = next(iter(sums.values())).device
        # Counted in steps, so that accumulated batches draw what one large batch does.
        step = runner.iter // runner.optim_wrapper._accumulative_counts
        facts = self.modulate(sums, _generator(self._seed, step, device))
        for name, value in facts.items():
            log_scalar(runner, f'{type(self).__name__}/{name}', value)


def _common_seed(seed: int) -> int:
    """Agree on the seed of rank 0; ranks may have seeds of their own."""
    shared = torch.tensor(seed)
    broadcast(shared)
    return int(shared)


def _generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    words = np.random.SeedSequence([seed, step]).generate_state(2)
    return torch.Generator(device).manual_seed(int(words[0]) << 31 ^ int(words[1]))
