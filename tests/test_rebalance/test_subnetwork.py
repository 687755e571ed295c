"""Drawing without replacement: exact laws of a small case, and unbiased weights."""
import itertools

import pytest
import torch

from projects.bss.rebalance.subnetwork import (draw_adaptively, draw_largest, draw_uniformly,
                                               importance, normalise)

SHARES = torch.tensor([.4, .3, .2, .1])
DRAWS = 40_000


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def many(draw, shares, count, draws=DRAWS):
    """Masks and probabilities of many independent draws: rows of one call."""
    return draw(shares.expand(draws, -1), torch.tensor(count), generator())


def inclusion(shares, count):
    """Probability of each element to be among the first draws, by going through all orders."""
    found = [0.0] * len(shares)
    for order in itertools.permutations(range(len(shares)), count):
        probability, left = 1.0, 1.0
        for i in order:
            probability *= shares[i] / left
            left -= shares[i]
        for i in order:
            found[i] += probability
    return torch.tensor(found)


def test_importance_is_the_share_of_the_squared_gradient():
    gradient = torch.tensor([[[1., 1.], [1., 1.]], [[2., 0.], [0., 0.]], [[0., 0.], [2., 2.]]])
    torch.testing.assert_close(importance(gradient), torch.tensor([.25, .25, .5]))


@pytest.mark.parametrize('values', [torch.zeros(2, 4), torch.full((2, 4), torch.nan)])
def test_nothing_to_go_by_is_uniform(values):
    assert normalise(values).tolist() == [[.25] * 4] * 2


@pytest.mark.parametrize('count', [1, 2, 3])
def test_adaptive_inclusion_frequencies(count):
    mask, _ = many(draw_adaptively, SHARES, count)
    assert (mask.sum(dim=1) == count).all()
    wanted = inclusion(SHARES.tolist(), count)
    torch.testing.assert_close(mask.float().mean(dim=0), wanted, atol=.01, rtol=0)


def test_inclusion_of_two_of_four_by_the_closed_form():
    wanted = torch.tensor([.715873, .608333, .441270, .234524])
    torch.testing.assert_close(inclusion(SHARES.tolist(), 2), wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize('count', [1, 2, 3])
def test_one_over_the_conditional_probability_is_unbiased(count):
    mask, probability = many(draw_adaptively, SHARES, count, 400_000)
    weights = torch.where(mask, 1 / probability, 0).clamp(max=1e3)
    torch.testing.assert_close(weights.mean(dim=0), torch.ones(4), atol=.05, rtol=0)


def test_all_are_drawn_with_certainty():
    mask, probability = many(draw_adaptively, SHARES, 4, 10)
    assert mask.all() and (probability == 1).all()


def test_rows_without_a_share_come_last():
    mask, probability = many(draw_adaptively, torch.tensor([.5, 0., .5]), 2, 100)
    assert mask.tolist() == [[True, False, True]] * 100
    assert (probability[:, [0, 2]] == 1).all()


def test_uniform_frequencies_and_probability():
    mask, probability = many(draw_uniformly, SHARES, 3)
    assert (mask.sum(dim=1) == 3).all() and (probability == .75).all()
    torch.testing.assert_close(mask.float().mean(dim=0), torch.full((4, ), .75), atol=.01, rtol=0)


def test_the_largest_and_of_equal_ones_the_first():
    shares = torch.tensor([[.1, .4, .2, .3], [.25, .25, .25, .25]])
    mask, _ = draw_largest(shares, torch.tensor(2))
    assert mask.tolist() == [[False, True, False, True], [True, True, False, False]]


def test_draws_follow_the_generator():
    draws = [draw_adaptively(SHARES, torch.tensor(2), generator(seed))[1] for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
