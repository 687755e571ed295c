"""Random transforms as a function of the sample and the epoch, whichever process runs them."""
from __future__ import annotations

import random
from contextlib import contextmanager, nullcontext
from typing import Iterator

import numpy as np
import torch
from torch.utils.data import get_worker_info


class ViewSeed:
    """Seed of the random view of each sample, shared with the workers of a data loader.

    Workers may outlive an epoch, so the epoch lies in shared memory. Until it is set, random
    transforms draw from the global streams as in any other data set.
    """

    def __init__(self) -> None:
        self._seed_and_epoch = torch.full((2, ), -1, dtype=torch.int64).share_memory_()

    def set(self, seed: int, epoch: int) -> None:
        """Fix the views of an epoch.

        Args:
            seed: Seed of the run, >= 0.
            epoch: Epoch, counted from 0.
        """
        self._seed_and_epoch.copy_(torch.tensor([seed, epoch]))

    @contextmanager
    def of_sample(self, position: int) -> Iterator[None]:
        """Seed the global streams for one sample, and put them back afterwards.

        In a worker of a data loader they stay as the sample leaves them, because putting them back
        takes longer than reading a small picture. Whatever else draws there, such as another data
        set beside this one, draws numbers that depend on the sample before it.

        Args:
            position: Dataset position of the sample.
        """
        seed, epoch = self._seed_and_epoch.tolist()
        if seed < 0:
            yield
            return
        with nullcontext() if get_worker_info() else _streams_put_back():
            words = np.random.SeedSequence([seed, epoch, position]).generate_state(4)
            random.seed(int(words[0]))
            np.random.seed(words[1:3])
            torch.default_generator.manual_seed(int(words[3]))
            yield


@contextmanager
def _streams_put_back() -> Iterator[None]:
    state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
        torch.set_rng_state(state[2])
