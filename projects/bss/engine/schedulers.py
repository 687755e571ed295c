"""The scheduler: turns balance scores into the plan of an epoch (section 3.3 of the paper)."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Mapping

import torch
from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.datasets.samplers import Plan
from projects.bss.functional import (closest_name, momentum_update, paced_count, pacing, rank,
                                     sampling_probabilities)

ORDERS = ('balanced_first', 'imbalanced_first', 'random')


class BalanceScheduler(ABC):
    """Base of all schedulers. Epochs count from the first one that has scores.

    Args:
        order: ``'balanced_first'`` is the curriculum of the paper, ``'imbalanced_first'`` the
            anti-curriculum, ``'random'`` the control that keeps the pacing or the distribution of
            weights but assigns it to samples at random.
        seed: Seed of the random assignment.
    """

    def __init__(self, order: str = 'balanced_first', seed: int = 0) -> None:
        if order not in ORDERS:
            raise ValueError(closest_name('order', order, ORDERS))
        self.order = order
        self.seed = seed

    @abstractmethod
    def due(self, epoch: int) -> bool:
        """Tell whether samples are to be scored again before an epoch.

        Asked about epochs to come as well, so the answer must depend on the epoch alone.

        Args:
            epoch: Epoch t, counted from 0.
        """

    @abstractmethod
    def plan(self, scores: Tensor, epoch: int) -> Plan:
        """Make the plan of an epoch.

        Args:
            scores: Smoothed balance scores, shape (n,), in [-1, 1].
            epoch: Epoch t, counted from 0.
        """

    @abstractmethod
    def planned_samples(self, num_samples: int, max_epochs: int) -> list[int]:
        """Tell in advance how many samples each epoch draws.

        Args:
            num_samples: Size n of the training set.
            max_epochs: Number of epochs.

        Returns:
            Draws of each epoch over all ranks, one entry per epoch.
        """

    def update(self, previous: Tensor, current: Tensor) -> Tensor:
        """Merge new balance scores into the previous ones; replaces them unless overridden.

        Args:
            previous: Scores so far, shape (n,); NaN where there is none.
            current: New scores, shape (n,).

        Returns:
            Scores to plan with, shape (n,).
        """
        return current

    def ordered_scores(self, scores: Tensor) -> Tensor:
        """Turn balance scores so that the highest value is the one to come first.

        Args:
            scores: Balance scores, shape (n,).

        Returns:
            The scores, their negatives, or the scores of other samples, after ``order``.
        """
        if self.order == 'imbalanced_first':
            return -scores
        if self.order == 'random':
            generator = torch.Generator().manual_seed(self.seed)
            return scores[torch.randperm(len(scores), generator=generator)]
        return scores


@TASK_UTILS.register_module()
class HeuristicScheduler(BalanceScheduler):
    """BSS-H: rank once, then use the first lambda(t) share in uniform order.

    Args:
        pacing: Arguments of :func:`projects.bss.functional.pacing`; the default is Eq 7 with the
            paper's numbers.
        order: See :class:`BalanceScheduler`.
        equal_updates: Go through the chosen share again until the epoch has n samples, so that
            the number of updates equals that of plain training (a control; off in the paper).
        seed: Seed of the random order.

    Reference:
        BSS, Eqs. 7-8, lambda_0 = 0.1 and T_grow = 40 (section 4.1).
    """

    def __init__(self,
                 pacing: Mapping[str, Any] | None = None,
                 order: str = 'balanced_first',
                 equal_updates: bool = False,
                 seed: int = 0) -> None:
        super().__init__(order, seed)
        self.pacing = dict(pacing or dict(type='root', power=2, t_grow=40, lambda_0=0.1))
        self.equal_updates = equal_updates
        self.share(0)

    def share(self, epoch: int) -> float:
        """Compute the share lambda(t) of an epoch.

        Args:
            epoch: Epoch t, counted from 0.

        Returns:
            Share in (0, 1].
        """
        return pacing(epoch, **self.pacing)

    def due(self, epoch: int) -> bool:
        """Never: the ranking is made once."""
        return False

    def plan(self, scores: Tensor, epoch: int) -> Plan:
        """Take the first share of the ranking, in data set order: the epoch shuffles it anyway."""
        count = paced_count(len(scores), self.share(epoch))
        candidates = rank(self.ordered_scores(scores))[:count].sort().values
        return Plan(candidates, length=len(scores) if self.equal_updates else None)

    def planned_samples(self, num_samples: int, max_epochs: int) -> list[int]:
        """Follow the pacing function."""
        if self.equal_updates:
            return [num_samples] * max_epochs
        return [paced_count(num_samples, self.share(epoch)) for epoch in range(max_epochs)]


@TASK_UTILS.register_module()
class LearningBasedScheduler(BalanceScheduler):
    """BSS-L: re-score every E epochs and draw without replacement with the scores as weights.

    Every epoch visits every sample once: the weights decide only when.

    Args:
        interval: E, epochs between two scorings, >= 1.
        beta: Weight of the new scores, in [0, 1].
        weighting: ``'softmax'`` or ``'linear'``, see
            :func:`projects.bss.functional.sampling_probabilities`.
        temperature: Divides the log-weights, > 0.
        epsilon: Added to linear weights, >= 0.
        order: See :class:`BalanceScheduler`.
        seed: Seed of the random order.

    Reference:
        BSS, Eqs. 9-11, E = 5 and beta = 0.6 (section 4.1).
    """

    def __init__(self,
                 interval: int = 5,
                 beta: float = 0.6,
                 weighting: str = 'softmax',
                 temperature: float = 1.0,
                 epsilon: float = 0.01,
                 order: str = 'balanced_first',
                 seed: int = 0) -> None:
        super().__init__(order, seed)
        if interval < 1:
            raise ValueError(f'`interval` must be at least 1, but got {interval}: it is the number '
                             'of epochs between two scorings.')
        self.interval = interval
        self.beta = beta
        self.weighting = weighting
        self.temperature = temperature
        self.epsilon = epsilon
        self.plan(torch.zeros(1), 0)
        self.update(torch.zeros(1), torch.zeros(1))

    def due(self, epoch: int) -> bool:
        """Every ``interval`` epochs: at E, 2E, ..."""
        return epoch >= self.interval and epoch % self.interval == 0

    def update(self, previous: Tensor, current: Tensor) -> Tensor:
        """Smooth with momentum (Eq 9)."""
        return momentum_update(previous, current, self.beta)

    def plan(self, scores: Tensor, epoch: int) -> Plan:
        """Weight every sample (Eqs 10-11)."""
        return Plan(weights=sampling_probabilities(
            self.ordered_scores(scores), self.weighting, self.temperature, self.epsilon))

    def planned_samples(self, num_samples: int, max_epochs: int) -> list[int]:
        """Every sample once in every epoch."""
        return [num_samples] * max_epochs
