"""Random views depend on seed, epoch and position, and disturb nobody."""
import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from projects.bss.datasets.seeding import ViewSeed


def draw(seed, position):
    with seed.of_sample(position):
        return random.random(), np.random.rand(), float(torch.rand(()))


def test_draws_depend_on_seed_epoch_and_position_alone():
    seed, other = ViewSeed(), ViewSeed()
    seed.set(1, 2)
    other.set(1, 2)
    first = draw(seed, 5)
    assert draw(seed, 6) != first
    assert draw(other, 5) == first
    different = set()
    for arguments in ((1, 3), (2, 2), (2, 1)):
        seed.set(*arguments)
        different.update(draw(seed, 5))
    assert len(different) == 9 and not different & set(first)


def test_the_global_streams_stay_where_they_were():
    seed = ViewSeed()
    seed.set(0, 0)
    for reset in (random.seed, np.random.seed, torch.manual_seed):
        reset(3)
    expected = random.random(), np.random.rand(), float(torch.rand(()))
    for reset in (random.seed, np.random.seed, torch.manual_seed):
        reset(3)
    draw(seed, 1)
    assert (random.random(), np.random.rand(), float(torch.rand(()))) == expected


class Draws(Dataset):
    """What each sample draws."""

    def __init__(self):
        self.seed = ViewSeed()
        self.seed.set(7, 3)

    def __len__(self):
        return 5

    def __getitem__(self, position):
        return draw(self.seed, position)


@pytest.mark.parametrize('workers', [1, 2])
def test_workers_draw_what_the_main_process_draws(workers):
    loader = DataLoader(Draws(), batch_size=None, num_workers=workers)
    assert [tuple(map(float, drawn)) for drawn in loader] == [Draws()[at] for at in range(5)]


def test_without_a_seed_the_global_streams_are_used():
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    with ViewSeed().of_sample(0):
        assert np.random.rand() == expected


def test_a_worker_process_sees_the_epoch_that_the_main_process_sets():
    seed = ViewSeed()
    context = torch.multiprocessing.get_context('fork')
    queue, go = context.Queue(), context.Event()

    def work():
        go.wait(20)
        queue.put(draw(seed, 4))

    worker = context.Process(target=work)
    worker.start()
    seed.set(5, 6)
    go.set()
    assert queue.get(timeout=20) == draw(seed, 4)
    worker.join()
