"""A drop-in for mmengine's DefaultSampler whose order a plan can steer."""
from __future__ import annotations

import hashlib
import math
from typing import Any, Iterator, Mapping, Sized, cast

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from mmengine.registry import DATA_SAMPLERS
from torch import Tensor
from torch.utils.data import Sampler

from projects.bss.functional import weighted_permutation

from .plan import Plan

_CHUNK = 1 << 16


@DATA_SAMPLERS.register_module()
class BalanceSampler(Sampler):
    """Sample in the order that a :class:`Plan` asks for.

    Without a plan the indices are those of :class:`mmengine.dataset.DefaultSampler`. The order of
    an epoch is a pure function of (seed, epoch, plan), the same on every rank; ranks take strides
    of it. Works in a plain PyTorch ``DataLoader`` too: call :meth:`set_epoch` before each epoch
    and, to resume inside one, :meth:`advance` after each batch.

    Args:
        dataset: The data set; only its length is used.
        shuffle: Whether to shuffle. Without shuffling no plan can be set.
        seed: Seed of the order, the same on all ranks; None draws one and shares it.
        round_up: Repeat the head of the order so that all ranks get equally many samples. Without
            it the first ranks get one sample more.
    """

    def __init__(self,
                 dataset: Sized,
                 shuffle: bool = True,
                 seed: int | None = None,
                 round_up: bool = True) -> None:
        self.rank, self.world_size = get_dist_info()
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.round_up = round_up
        self.epoch = 0
        self._plan: Plan | None = None
        self._cursor = 0
        self._rows: Tensor | None = None
        self._order: Tensor | None = None
        self._expected_hash: str | None = None

    @property
    def plan(self) -> Plan | None:
        """The plan in force, None for plain shuffling."""
        return self._plan

    @property
    def cursor(self) -> int:
        """Number of samples of the current epoch, over all ranks, that training has consumed."""
        return self._cursor

    def set_plan(self, plan: Plan | None) -> None:
        """Steer the order from the next iteration on.

        Args:
            plan: What to draw; None goes back to plain shuffling.

        Raises:
            ValueError: If the sampler does not shuffle or the plan does not fit the data set.
        """
        if plan is not None:
            if not self.shuffle:
                raise ValueError('A plan needs `shuffle=True`, but this BalanceSampler has '
                                 '`shuffle=False`: change it in the sampler\'s config.')
            plan.check_fits(len(self.dataset))
        self._plan = plan
        self._order = None

    def set_epoch(self, epoch: int) -> None:
        """Move to an epoch; a new one starts at its first sample.

        Args:
            epoch: Epoch, counted from 0.
        """
        if epoch != self.epoch:
            self.epoch = epoch
            self._cursor = 0
            self._order = None

    def advance(self, num_samples: int) -> None:
        """Note that training has consumed samples of the current epoch.

        Loader workers draw ahead, so only the training loop knows what was consumed.

        Args:
            num_samples: Number of samples that this rank has consumed, >= 0.
        """
        self._cursor = min(self._cursor + num_samples * self.world_size, self._total_size())

    def order(self) -> Tensor:
        """Compute the order of the current epoch over all ranks, without the padded tail.

        Returns:
            Dataset positions, shape (num_samples,), int64.

        Raises:
            RuntimeError: If the order differs from the one that the checkpoint was saved under.
        """
        return self._padded_order()[:self._num_samples()]

    def order_hash(self) -> str:
        """Compute a short fingerprint of the current order, equal on all ranks.

        Returns:
            Sixteen hexadecimal digits.
        """
        return _digest(self.order())

    def rank_positions(self, start: int | None = None) -> Tensor:
        """List the dataset positions that this rank visits.

        Args:
            start: First sample of the global order to count from; None starts at the cursor.

        Returns:
            Dataset positions in the order of this rank, int64.
        """
        return self._share(self._padded_order(), start)

    def rank_rows(self, start: int | None = None) -> Tensor:
        """List which rows of the plan's candidates this rank visits.

        A plan may have a sample among its candidates more than once; the rows tell its draws
        apart.

        Args:
            start: First sample of the global order to count from; None starts at the cursor.

        Returns:
            Rows of ``plan.candidates``, or dataset positions where it has none, int64. Those of
            the samples are :meth:`rank_positions`.
        """
        self._padded_order()
        return self._share(cast(Tensor, self._rows), start)

    def __iter__(self) -> Iterator[int]:
        """Iterate the positions of this rank from the cursor on."""
        for chunk in self.rank_positions().split(_CHUNK):
            yield from chunk.tolist()

    def __len__(self) -> int:
        """Count the samples of this rank in a whole epoch of the plan."""
        return self.rank_length(self._num_samples())

    def rank_length(self, num_samples: int) -> int:
        """Count the samples of this rank in an epoch of a given size.

        Args:
            num_samples: Samples of the epoch over all ranks, before padding.

        Returns:
            Samples on this rank.
        """
        offset = 0 if self.round_up else self.rank
        return math.ceil((num_samples - offset) / self.world_size)

    def state_dict(self) -> dict[str, Any]:
        """Return what another process needs to continue at the very sample.

        Returns:
            Plain types: seed, epoch, cursor and the fingerprint of the order.
        """
        return dict(seed=self.seed, epoch=self.epoch, cursor=self._cursor,
                    order_hash=self.order_hash())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where :meth:`state_dict` was taken; the plan must be set again by its owner.

        The number of ranks may differ: the rest of the global order is shared out anew.

        Args:
            state: What :meth:`state_dict` returned.
        """
        self.seed = state['seed']
        self.epoch = state['epoch']
        self._cursor = state['cursor']
        self._expected_hash = state['order_hash'] if self._cursor else None
        self._order = None

    def _share(self, order: Tensor, start: int | None) -> Tensor:
        return order[(self._cursor if start is None else start) + self.rank::self.world_size]

    def _num_samples(self) -> int:
        size = len(self.dataset)
        return size if self._plan is None else self._plan.num_samples(size)

    def _total_size(self) -> int:
        count = self._num_samples()
        if not self.round_up:
            return count
        return math.ceil(count / self.world_size) * self.world_size

    def _generator(self) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed + self.epoch)

    def _draw(self) -> Tensor:
        if not self.shuffle:
            return torch.arange(len(self.dataset))
        plan = self._plan or Plan()
        generator = self._generator()
        missing = plan.num_samples(len(self.dataset))
        rounds = []
        while missing > 0:
            rounds.append(self._draw_once(plan, generator)[:missing])
            missing -= len(rounds[-1])
        return rounds[0] if len(rounds) == 1 else torch.cat(rounds)

    def _draw_once(self, plan: Plan, generator: torch.Generator) -> Tensor:
        if plan.weights is None:
            return torch.randperm(plan.num_candidates(len(self.dataset)), generator=generator)
        return weighted_permutation(plan.weights.log(), generator)

    def _padded_order(self) -> Tensor:
        if self._order is None:
            rows, total = self._draw(), self._total_size()
            self._check_resumed_order(self._positions(rows))
            if total > len(rows):
                rows = rows.repeat(math.ceil(total / len(rows)))[:total]
            self._rows, self._order = rows, self._positions(rows)
        return self._order

    def _positions(self, rows: Tensor) -> Tensor:
        chosen = None if self._plan is None else self._plan.candidates
        return rows if chosen is None else chosen[rows]

    def _check_resumed_order(self, order: Tensor) -> None:
        expected, self._expected_hash = self._expected_hash, None
        if expected is not None and expected != _digest(order):
            raise RuntimeError(
                f'The order of epoch {self.epoch} has the fingerprint {_digest(order)}, but the '
                f'checkpoint was saved inside an order with {expected}: the plan (scores, '
                'scheduler settings) or the data set is not the one of the checkpoint. Resume with '
                'the same config and data, or start the epoch anew from an epoch checkpoint.')


def _digest(order: Tensor) -> str:
    return hashlib.blake2b(cast(Any, order.contiguous().numpy()), digest_size=8).hexdigest()
