"""The order: drop-in equality, strides of ranks, the law of a plan, and resuming."""
import itertools
from collections import Counter
from unittest.mock import patch

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import DataLoader

from projects.bss.datasets.samplers import BalanceSampler, Plan

MODULES = ('projects.bss.datasets.samplers.balance_sampler', 'mmengine.dataset.sampler')


def make(cls=BalanceSampler, size=10, rank=0, world=1, epoch=0, **kwargs):
    kwargs = dict(dict(seed=3), **kwargs)
    with patch(f'{MODULES[0]}.get_dist_info', return_value=(rank, world)), patch(
            f'{MODULES[1]}.get_dist_info', return_value=(rank, world)):
        sampler = cls(range(size), **kwargs)
    sampler.set_epoch(epoch)
    return sampler


PLANS = dict(
    none=None,
    subset=Plan(torch.tensor([8, 1, 5, 3, 0])),
    weights=Plan(weights=torch.arange(1., 11)),
    weighted_subset=Plan(torch.tensor([8, 1, 5, 3, 0]), torch.tensor([1., 0, 3, 9, 2])),
    repeated=Plan(torch.tensor([8, 1, 5, 3, 8, 8, 1])),
    weighted_repeated=Plan(torch.tensor([8, 1, 5, 8]), torch.tensor([1., 0, 3, 9])),
    longer=Plan(torch.tensor([8, 1, 5]), length=10),
    weighted_longer=Plan(torch.tensor([8, 1, 5]), torch.tensor([1., 5, 2]), length=8),
    shorter=Plan(weights=torch.arange(1., 11), length=4))


@pytest.mark.parametrize('size, world, round_up, shuffle, epoch', list(itertools.product(
    [1, 2, 7, 10, 24], [1, 2, 3, 8], [True, False], [True, False], [0, 3])))
def test_without_a_plan_it_is_the_default_sampler(size, world, round_up, shuffle, epoch):
    for rank in range(world):
        ours, default = (make(cls, size, rank, world, epoch, round_up=round_up, shuffle=shuffle)
                         for cls in (BalanceSampler, DefaultSampler))
        assert list(ours) == list(default)
        assert len(ours) == len(default)


def test_a_plan_over_all_samples_without_weights_is_the_default_sampler_too():
    sampler = make(epoch=2)
    sampler.set_plan(Plan(torch.arange(10)))
    assert list(sampler) == list(make(DefaultSampler, epoch=2))


def test_exact_indices_of_rank_two_of_three():
    sampler = make(rank=2, world=3)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(3)).tolist()
    assert list(sampler) == [order[2], order[5], order[8], order[1]]


@pytest.mark.parametrize('name', PLANS)
@pytest.mark.parametrize('world', [1, 2, 3, 8])
@pytest.mark.parametrize('round_up', [True, False])
def test_the_interleaved_ranks_are_the_order_of_one_process(name, world, round_up):
    plan = PLANS[name]
    single = make(epoch=1)
    single.set_plan(plan)
    order = list(single)
    samplers = [make(rank=r, world=world, epoch=1, round_up=round_up) for r in range(world)]
    for sampler in samplers:
        sampler.set_plan(plan)
    ranks = [list(sampler) for sampler in samplers]
    assert [len(sampler) for sampler in samplers] == [len(rank) for rank in ranks]
    merged = [i for group in itertools.zip_longest(*ranks) for i in group if i is not None]
    assert merged[:len(order)] == order
    padding = -len(order) % world if round_up else 0
    assert merged[len(order):] == (order * world)[:padding]
    assert len({sampler.order_hash() for sampler in samplers}) == 1


@pytest.mark.parametrize('name', PLANS)
def test_what_an_epoch_holds(name):
    sampler = make(epoch=4)
    sampler.set_plan(PLANS[name])
    plan = PLANS[name] or Plan()
    candidates = list(range(10)) if plan.candidates is None else plan.candidates.tolist()
    order = list(sampler)
    assert len(order) == plan.num_samples(10)
    whole, rest = divmod(len(order), len(candidates))
    for start in range(0, whole * len(candidates), len(candidates)):
        assert sorted(order[start:start + len(candidates)]) == sorted(candidates)
    tail = order[whole * len(candidates):]
    assert len(tail) == rest and not Counter(tail) - Counter(candidates)


@pytest.mark.parametrize('name', PLANS)
@pytest.mark.parametrize('rank, world', [(0, 1), (1, 3)])
def test_the_rows_of_the_candidates_are_those_of_the_order(name, rank, world):
    sampler = make(rank=rank, world=world, epoch=4)
    plan = PLANS[name] or Plan()
    sampler.set_plan(PLANS[name])
    candidates = torch.arange(10) if plan.candidates is None else plan.candidates
    sampler.advance(1)
    for start in (None, 0, 2):
        rows = sampler.rank_rows(start)
        assert candidates[rows].tolist() == sampler.rank_positions(start).tolist()
    assert len(sampler.rank_rows()) == len(sampler) - 1


def test_the_rows_tell_the_draws_of_a_repeated_sample_apart():
    sampler = make()
    sampler.set_plan(PLANS['repeated'])
    drawn = torch.randperm(7, generator=torch.Generator().manual_seed(3))
    assert sampler.rank_rows().tolist() == drawn.tolist()
    assert sampler.order().tolist() == [[8, 1, 5, 3, 8, 8, 1][row] for row in drawn]


def test_rounds_of_a_longer_epoch_differ():
    sampler = make(size=100)
    sampler.set_plan(Plan(torch.arange(50), length=100))
    order = list(sampler)
    assert order[:50] != order[50:]


def test_the_order_depends_on_seed_and_epoch_only():
    sampler = make(epoch=1)
    first = list(sampler)
    assert list(sampler) == first == list(make(epoch=1))
    sampler.set_epoch(2)
    assert list(sampler) != first
    assert list(make(epoch=1, seed=4)) != first
    assert sampler.order_hash() != make(epoch=1).order_hash()


def test_heavy_samples_come_early():
    sampler = make(size=200)
    weights = torch.ones(200)
    weights[100:] = 50
    sampler.set_plan(Plan(weights=weights))
    early = 0
    for epoch in range(100):
        sampler.set_epoch(epoch)
        early += sum(i >= 100 for i in list(sampler)[:10])
    assert early / 1000 == pytest.approx(50 / 51, abs=0.02)


@pytest.mark.parametrize('world, resumed_world', list(itertools.product([1, 2, 3], repeat=2)))
@pytest.mark.parametrize('name', ['none', 'weights', 'longer'])
def test_resuming_continues_the_global_order(name, world, resumed_world):
    plan = PLANS[name]
    whole = make(epoch=1)
    whole.set_plan(plan)
    order = list(whole)
    for consumed in range(0, len(order) // world):
        first = make(rank=0, world=world, epoch=1)
        first.set_plan(plan)
        first.advance(consumed)
        state = first.state_dict()
        ranks = []
        for rank in range(resumed_world):
            sampler = make(rank=rank, world=resumed_world, seed=99)
            sampler.load_state_dict(state)
            sampler.set_plan(plan)
            sampler.set_epoch(1)
            ranks.append(list(sampler))
        merged = [i for group in itertools.zip_longest(*ranks) for i in group if i is not None]
        rest = order[consumed * world:]
        assert merged[:len(rest)] == rest


def test_the_state_is_plain_and_a_new_epoch_starts_at_its_head():
    sampler = make()
    sampler.advance(4)
    state = sampler.state_dict()
    assert state == dict(seed=3, epoch=0, cursor=4, order_hash=sampler.order_hash())
    sampler.set_epoch(1)
    assert sampler.cursor == 0
    assert len(list(sampler)) == 10


def test_the_cursor_stops_at_the_end():
    sampler = make(world=3)
    sampler.advance(100)
    assert sampler.cursor == 12
    assert list(sampler) == []


def test_resuming_under_another_plan_is_refused():
    sampler = make()
    sampler.advance(4)
    resumed = make()
    resumed.load_state_dict(sampler.state_dict())
    resumed.set_plan(PLANS['weights'])
    with pytest.raises(RuntimeError, match='the plan .* or the data set is not the one of the'):
        list(resumed)


def test_a_plan_without_shuffling_is_refused():
    with pytest.raises(ValueError, match='A plan needs `shuffle=True`'):
        make(shuffle=False).set_plan(Plan())


def test_it_is_registered_and_takes_the_arguments_of_the_default_sampler():
    sampler = DATA_SAMPLERS.build(dict(type='BalanceSampler', shuffle=True, round_up=False),
                                  default_args=dict(dataset=range(4), seed=1))
    assert sorted(sampler) == [0, 1, 2, 3]


@pytest.mark.parametrize('workers', [0, 2])
def test_it_works_in_a_plain_data_loader(workers):
    sampler = make()
    loader = DataLoader(torch.arange(10), batch_size=4, sampler=sampler, num_workers=workers)
    batches = [batch.tolist() for batch in loader]
    assert [i for batch in batches for i in batch] == list(sampler)
    sampler.advance(4)
    assert [batch.tolist() for batch in loader] == batches[1:]
    assert len(loader) == 3


def test_a_hundred_million_samples_start_at_once():
    sampler = make(size=10**8, shuffle=False)
    assert list(itertools.islice(iter(sampler), 3)) == [0, 1, 2]
    assert len(sampler) == 10**8
