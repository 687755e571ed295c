"""Eqs 8-11: ranking, momentum, probabilities and the law of the weighted order."""
import math

import pytest
import torch

from projects.bss.functional import (effective_sample_size, momentum_update, rank, sampling_entropy,
                                     sampling_probabilities, weighted_permutation)
from projects.bss.functional.sampling import _argsort_in_place

from .reference import first_two_inclusion, softmax

SCORES = torch.tensor([0.709158, -0.615987, -0.638855, 1], dtype=torch.float64)


def draws(log_weights, count, num_samples=None):
    generator = torch.Generator().manual_seed(0)
    return torch.stack([weighted_permutation(log_weights, generator, num_samples)
                        for _ in range(count)])


def test_ranking_of_the_worked_example():
    assert rank(SCORES).tolist() == [3, 0, 1, 2]
    assert rank(SCORES, descending=False).tolist() == [2, 1, 0, 3]


def test_ties_keep_the_order_of_the_data_set():
    assert rank(torch.tensor([1., 2, 1, 2, 1])).tolist() == [1, 3, 0, 2, 4]


def test_momentum():
    new = torch.tensor([0.2, -0.4, 0.1, 0.6], dtype=torch.float64)
    expected = torch.tensor([0.403663, -0.486395, -0.195542, 0.76], dtype=torch.float64)
    torch.testing.assert_close(momentum_update(SCORES, new, 0.6), expected, atol=1e-6, rtol=0)


def test_momentum_at_its_ends_and_without_a_previous_score():
    new = torch.tensor([0.2, -0.4, 0.1, 0.6], dtype=torch.float64)
    assert torch.equal(momentum_update(SCORES, new, 1), new)
    assert torch.equal(momentum_update(SCORES, new, 0), SCORES)
    unknown = torch.tensor([math.nan, 1.])
    assert momentum_update(unknown, torch.tensor([0.5, 0.]), 0.6).tolist() == pytest.approx(
        [0.5, 0.4])


def test_momentum_out_of_range():
    with pytest.raises(ValueError, match=r'`beta` must lie in \[0, 1\], but got -0.1'):
        momentum_update(SCORES, SCORES, -0.1)


@pytest.mark.parametrize('arguments, expected', [
    (dict(), [0.349275, 0.092825, 0.090726, 0.467174]),
    (dict(weighting='linear'), [0.382518, 0.087669, 0.082581, 0.447232]),
])
def test_probabilities_of_the_worked_example(arguments, expected):
    torch.testing.assert_close(sampling_probabilities(SCORES, **arguments),
                               torch.tensor(expected, dtype=torch.float64), atol=1e-6, rtol=0)


def test_temperature_divides_the_logarithm_of_either_weighting():
    sharp = sampling_probabilities(SCORES, temperature=0.5)
    assert sharp.tolist() == pytest.approx(softmax([2 * s for s in SCORES.tolist()]))
    linear = sampling_probabilities(SCORES, 'linear', temperature=0.5)
    squares = [(1.01 + s)**2 for s in SCORES.tolist()]
    assert linear.tolist() == pytest.approx([s / sum(squares) for s in squares])


def test_linear_weights_without_epsilon_give_the_worst_sample_zero():
    probabilities = sampling_probabilities(torch.tensor([-1., 0, 1]), 'linear', epsilon=0)
    assert probabilities.tolist() == pytest.approx([0, 1 / 3, 2 / 3])
    only_worst = sampling_probabilities(torch.tensor([-1., -1]), 'linear', epsilon=0)
    assert only_worst.tolist() == [0.5, 0.5]


@pytest.mark.parametrize('arguments, message', [
    (dict(weighting='sofmax'), "Unknown weighting 'sofmax'. Did you mean 'softmax'?"),
    (dict(temperature=0), '`temperature` must be positive, but got 0'),
    (dict(epsilon=-1), '`epsilon` must not be negative, but got -1'),
])
def test_wrong_arguments_of_probabilities(arguments, message):
    with pytest.raises(ValueError, match=message):
        sampling_probabilities(SCORES, **arguments)


def test_first_two_inclusion_matches_the_law_in_40000_draws():
    log_weights = sampling_probabilities(SCORES).log()
    first_two = draws(log_weights, 40_000, num_samples=2)
    frequency = torch.bincount(first_two.flatten(), minlength=4) / 40_000
    expected = [0.726103, 0.233298, 0.228254, 0.812345]
    assert first_two_inclusion(log_weights.exp().tolist()) == pytest.approx(expected, abs=1e-6)
    # Three standard errors of a frequency near 0.25 or 0.75 over 40,000 draws.
    assert frequency.tolist() == pytest.approx(expected, abs=0.0066)


def test_a_partial_draw_is_the_head_of_the_full_one():
    log_weights = torch.randn(1000, generator=torch.Generator().manual_seed(5))
    full = weighted_permutation(log_weights, torch.Generator().manual_seed(1))
    part = weighted_permutation(log_weights, torch.Generator().manual_seed(1), 37)
    assert part.tolist() == full[:37].tolist()


def test_equal_weights_give_a_uniform_permutation():
    orders = draws(torch.zeros(3), 12_000)
    codes = (orders * torch.tensor([9, 3, 1])).sum(dim=1)
    counts = torch.unique(codes, return_counts=True)[1]
    assert len(counts) == 6
    chi_square = float(((counts - 2000)**2 / 2000).sum())
    assert chi_square < 20.5  # 0.999 quantile at five degrees of freedom


@pytest.mark.parametrize('size', [1, 2, 1000])
def test_every_sample_is_drawn_once(size):
    order = weighted_permutation(torch.randn(size), torch.Generator().manual_seed(2))
    assert order.sort().values.tolist() == list(range(size))


def test_zero_weights_come_last_in_varying_order():
    log_weights = torch.tensor([0., -math.inf, 1, -math.inf, -math.inf])
    orders = draws(log_weights, 300)
    assert {tuple(sorted(row)) for row in orders[:, :2].tolist()} == {(0, 2)}
    assert len({tuple(row) for row in orders[:, 2:].tolist()}) == 6


def test_huge_and_tiny_weights_keep_their_order():
    log_weights = torch.tensor([-1000., 1000, 0])
    assert {tuple(row) for row in draws(log_weights, 50).tolist()} == {(1, 2, 0)}


def test_keys_of_either_sign_ascend():
    keys = torch.randn(5000, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    assert _argsort_in_place(keys.clone(), 5000, None).tolist() == keys.argsort().tolist()


def test_each_pair_of_equal_keys_comes_in_either_order():
    generator = torch.Generator().manual_seed(4)
    orders = torch.stack([_argsort_in_place(torch.full((6, ), -0.5, dtype=torch.float64), 6,
                                            generator) for _ in range(2000)])
    places = orders.argsort(dim=1)
    earlier = (places[:, :, None] < places[:, None]).double().mean(dim=0)
    off_diagonal = earlier[~torch.eye(6, dtype=torch.bool)]
    # Four standard errors of a fair coin over 2,000 draws.
    assert (off_diagonal - 0.5).abs().max() < 0.045


def test_draws_beyond_the_limit_of_multinomial_follow_the_weights():
    size = 2**24 + 1
    log_weights = torch.zeros(size)
    log_weights[:size // 2] = math.log(2)
    order = weighted_permutation(log_weights, torch.Generator().manual_seed(0))
    first = order[:100_000]
    assert float((first < size // 2).float().mean()) == pytest.approx(2 / 3, abs=0.005)
    seen = torch.zeros(size, dtype=torch.bool)
    seen[order] = True
    assert bool(seen.all())


@pytest.mark.parametrize('log_weights', [[], [0., math.nan], [math.inf, 0.]])
def test_weights_that_are_no_weights(log_weights):
    with pytest.raises(ValueError, match='none of them NaN or .inf'):
        weighted_permutation(torch.tensor(log_weights))


@pytest.mark.parametrize('count', [0, 5])
def test_draws_outside_the_set(count):
    with pytest.raises(ValueError, match=rf'`num_samples` must lie in \[1, 4\], but got {count}'):
        weighted_permutation(SCORES, num_samples=count)


def test_entropy_and_effective_size():
    uniform = torch.full((8, ), 1 / 8)
    assert sampling_entropy(uniform) == pytest.approx(1)
    assert effective_sample_size(uniform) == pytest.approx(8)
    skewed = torch.tensor([0.75, 0.25])
    assert sampling_entropy(skewed) == pytest.approx(
        -(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)))
    assert effective_sample_size(skewed) == pytest.approx(1.6)
    assert sampling_entropy(torch.ones(1)) == 1
