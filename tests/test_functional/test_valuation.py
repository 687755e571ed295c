"""Shapley values: the truth table of SMV, axioms, and a second implementation over orders."""
from __future__ import annotations

import itertools

import pytest
import torch

from projects.bss.functional import shapley_values, subsets


def by_orders(values):
    """Average the marginal contribution over all orders in which modalities can join."""
    worth = {frozenset(subset): value for subset, value in values.items()}
    names = max(values, key=len)
    orders = list(itertools.permutations(names))
    nothing = torch.zeros_like(worth[frozenset(names)])
    shares = dict.fromkeys(names, 0)
    for order in orders:
        for place, name in enumerate(order):
            before = worth.get(frozenset(order[:place]), nothing)
            shares[name] = shares[name] + (worth[frozenset(order[:place + 1])] - before)
    return {name: share / len(orders) for name, share in shares.items()}


def random_game(names, seed=0, size=5):
    generator = torch.Generator().manual_seed(seed)
    return {subset: torch.randn(size, generator=generator, dtype=torch.float64)
            for subset in subsets(names)}


def test_subsets_small_ones_first():
    assert subsets('abc') == [('a', ), ('b', ), ('c', ), ('a', 'b'), ('a', 'c'), ('b', 'c'),
                              ('a', 'b', 'c')]
    assert [len(subsets(range(count))) for count in range(6)] == [0, 1, 3, 7, 15, 31]


@pytest.mark.parametrize('correct, audio, video', [
    ((0, 0, 0), 0, 0), ((0, 0, 1), 1, 1), ((0, 1, 0), -.5, .5), ((0, 1, 1), .5, 1.5),
    ((1, 0, 0), .5, -.5), ((1, 0, 1), 1.5, .5), ((1, 1, 0), 0, 0), ((1, 1, 1), 1, 1)])
def test_the_truth_table_of_two_modalities(correct, audio, video):
    a, v, both = (torch.tensor([value]) for value in correct)
    shares = shapley_values({('audio', ): a, ('video', ): v, ('audio', 'video'): 2 * both})
    assert {name: share.item() for name, share in shares.items()} == dict(audio=audio, video=video)


def test_three_modalities_of_which_one_is_indispensable():
    values = {frozenset(subset): torch.tensor(len(subset) if 'x' in subset else 0)
              for subset in subsets('xyz')}
    shares = shapley_values(values)
    assert {name: share.item() for name, share in shares.items()} == dict(x=2, y=.5, z=.5)


@pytest.mark.parametrize('count', [1, 2, 3, 4, 5])
def test_as_the_average_over_all_orders(count):
    values = random_game('abcde'[:count], seed=count)
    torch.testing.assert_close(shapley_values(values), by_orders(values))


@pytest.mark.parametrize('count', [2, 3, 4])
def test_shares_add_up_to_what_all_gain_over_none(count):
    values = {**random_game('abcd'[:count]), (): torch.full((5, ), 3.0, dtype=torch.float64)}
    total = sum(shapley_values(values).values())
    torch.testing.assert_close(total, values[tuple('abcd'[:count])] - 3)


def test_a_modality_that_never_adds_anything_is_worth_nothing():
    part = random_game('ab')
    values = {subset: part.get(tuple(n for n in subset if n != 'idle'), torch.zeros(5))
              for subset in subsets(('a', 'idle', 'b'))}
    shares = shapley_values(values)
    torch.testing.assert_close(shares.pop('idle'), torch.zeros(5, dtype=torch.float64))
    torch.testing.assert_close(shares, shapley_values(part))


def test_renaming_modalities_renames_shares():
    values = random_game('abc')
    renamed = {tuple(reversed([dict(a='c', b='a', c='b')[name] for name in subset])): value
               for subset, value in values.items()}
    shares, others = shapley_values(values), shapley_values(renamed)
    for old, new in dict(a='c', b='a', c='b').items():
        torch.testing.assert_close(shares[old], others[new])


@pytest.mark.parametrize('count', [2, 3, 4])
def test_equal_shares_of_whole_values_are_exact(count):
    values = {subset: torch.tensor([float(len(subset))]) for subset in subsets('abcd'[:count])}
    assert all(share.item() == 1.0 for share in shapley_values(values).values())


def test_a_missing_subset():
    with pytest.raises(ValueError, match=r"`values` must hold every subset of the modalities "
                       r"\['a', 'b'\] that is not empty, but lacks \[\('b',\)\]"):
        shapley_values({('a', ): torch.ones(1), ('a', 'b'): torch.ones(1)})
    with pytest.raises(ValueError, match=r'of the modalities \[\] that is not empty'):
        shapley_values({})
