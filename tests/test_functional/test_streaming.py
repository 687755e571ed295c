"""The streamed order: its noise, its law, and that buckets and blocks leave no trace in it."""
import math
from collections.abc import Sequence

import pytest
import torch

from projects.bss.functional import streamed_permutation, streaming
from projects.bss.functional.streaming import counted_uniform
from tools.benchmarks.processes import in_fresh_process
from tools.benchmarks.streaming import measure

from .reference import softmax

SIZE = 300_001
WORD = (1 << 64) - 1


def split_mix(state):
    """SplitMix64 in Python's unbounded integers."""
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & WORD
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & WORD
    return state ^ state >> 31


def uniform(seed, position):
    state = (split_mix(seed) + (position + 1) * 0x9E3779B97F4A7C15) & WORD
    return (split_mix(state) >> 11) / 2**53


def streamed(log_weights, seed=0, **kwargs):
    return torch.cat(list(streamed_permutation(log_weights.split(70_001), seed, **kwargs)))


@pytest.fixture(scope='module')
def log_weights():
    return torch.randn(SIZE, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope='module')
def order(log_weights):
    """All keys in memory, sorted at once."""
    exponential = -torch.log1p(-counted_uniform(9, 0, SIZE))
    return (exponential.log() - log_weights).argsort(stable=True)


def test_noise_is_the_published_generator():
    # First output of SplitMix64 from the state 0.
    assert float(counted_uniform(0, 0, 1)) == (0xE220A8397B1DCDAF >> 11) / 2**53
    for seed, start in ((1, 0), (2**64 - 1, 10**11), (12345, 2**33)):
        noise = counted_uniform(seed, start, 5)
        assert noise.tolist() == [uniform(seed, start + i) for i in range(5)]


def test_noise_of_neighbouring_seeds_and_positions_is_uncorrelated():
    noise = torch.stack([counted_uniform(seed, 0, 100_000) for seed in (0, 1, 2)])
    assert noise.mean(dim=1).tolist() == pytest.approx([0.5] * 3, abs=0.004)
    shifted = torch.cat([noise, noise[:1].roll(1)])
    # Four standard errors of the correlation of 100,000 independent pairs.
    assert (shifted.corrcoef() - torch.eye(4)).abs().max() < 0.0127


@pytest.mark.parametrize('bucket_size', [SIZE, 100_000, 9_000])
def test_it_is_the_sort_of_all_keys(log_weights, order, bucket_size):
    assert torch.equal(streamed(log_weights, 9, bucket_size=bucket_size), order)


def test_blocks_leave_no_trace(log_weights, order):
    for blocks in ([log_weights], log_weights.tensor_split([0, 1, 1, 65_537, SIZE])):
        assert torch.equal(torch.cat(list(streamed_permutation(blocks, 9, 150_000))), order)


def test_buckets_are_about_equal(log_weights):
    buckets = list(streamed_permutation([log_weights], 3, 50_000))
    assert len(buckets) == 7
    assert [len(bucket) for bucket in buckets] == pytest.approx([SIZE / 7] * 7, rel=0.03)


@pytest.mark.parametrize('period', [
    [1.0, -1.0], [0.0, -math.inf], [0.5], [1.0, 0.0, -1.0, -math.inf, 1.0]])
def test_buckets_are_about_equal_by_a_sample_of_periodic_weights(monkeypatch, period):
    """Every 300th is sampled; a deviation of 5 % is four standard errors of a bucket's edge."""
    monkeypatch.setattr(streaming, '_SAMPLE', 1000)
    log_weights = torch.tensor(period).repeat(300_000 // len(period))
    buckets = list(streamed_permutation(log_weights.tensor_split([7, 7, 70_001]), 9, 100_000))
    assert [len(bucket) for bucket in buckets] == pytest.approx([100_000] * 3, abs=0.05 * 300_000)
    exponential = -torch.log1p(-counted_uniform(9, 0, len(log_weights)))
    alive = log_weights > -math.inf
    expected = (exponential.log() - log_weights)[alive].argsort(stable=True)
    assert torch.equal(torch.cat(buckets)[:len(expected)], alive.nonzero().squeeze(1)[expected])
    assert torch.cat(buckets).sort().values.tolist() == list(range(300_000))


def test_a_bucket_may_be_larger_than_expected(monkeypatch, log_weights, order):
    """Edges of a sample of four are far off."""
    monkeypatch.setattr(streaming, '_SAMPLE', 4)
    buckets = list(streamed_permutation([log_weights], 9, 80_000))
    assert max(map(len, buckets)) > 1.5 * SIZE / 4
    assert torch.equal(torch.cat(buckets), order)


def test_runs_may_be_longer_than_usual(monkeypatch, log_weights, order):
    monkeypatch.setattr(streaming, '_RUN', 1 << 12)
    for most in (2, 8, 1000):
        monkeypatch.setattr(streaming, '_MOST_RUNS', most)
        assert torch.equal(streamed(log_weights, 9, bucket_size=150_000), order)


def test_equal_keys_keep_the_order_of_the_data_set(monkeypatch):
    monkeypatch.setattr(streaming, '_RUN', 1 << 10)
    monkeypatch.setattr(streaming, 'counted_uniform',
                        lambda seed, start, count: torch.full((count, ), 0.5).double())
    log_weights = torch.tensor([1.0, 0.0, 2.0]).repeat(5000)
    expected = (-log_weights).argsort(stable=True)
    assert torch.equal(streamed(log_weights, bucket_size=4000), expected)


@pytest.mark.parametrize('first', [0, 2, 3, 4])
def test_it_resumes_at_any_bucket(log_weights, order, first):
    sizes = [len(bucket) for bucket in streamed_permutation([log_weights], 9, 80_000)]
    rest = list(streamed_permutation([log_weights], 9, 80_000, first_bucket=first))
    assert [len(bucket) for bucket in rest] == sizes[first:]
    assert torch.equal(torch.cat([*rest, order[:0]]), order[sum(sizes[:first]):])


def test_the_first_two_draws_follow_the_law():
    """Of each four neighbours, whose order among themselves is a draw of its own."""
    scores = [0.7, -0.6, 0.1, 1.0]
    draws = 50_000
    places = streamed(torch.tensor(scores).repeat(draws), 2, bucket_size=60_000).argsort()
    first, second = places.view(draws, 4).argsort(dim=1)[:, :2].T
    counts = (4 * first + second).bincount(minlength=16).view(4, 4)
    p = softmax(scores)
    chi_square = sum((counts[i, j] - expected)**2 / expected for i in range(4) for j in range(4)
                     if i != j for expected in [draws * p[i] * p[j] / (1 - p[i])])
    assert chi_square < 31.3  # 0.999 quantile at eleven degrees of freedom


def test_zero_weights_come_last_in_varying_order():
    log_weights = torch.tensor([0., -math.inf, 1, -math.inf, -math.inf])
    orders = [tuple(streamed(log_weights, seed).tolist()) for seed in range(100)]
    assert {tuple(sorted(order[:2])) for order in orders} == {(0, 2)}
    assert len({order[2:] for order in orders}) == 6
    parts = list(streamed_permutation([log_weights], 1, bucket_size=1))
    assert len(parts) == 5
    assert torch.cat(parts).tolist() == list(orders[1])


class Remade(Sequence):
    """Blocks that are made when they are asked for, as from a file."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index >= 4:
            raise IndexError
        return torch.full((50_000, ), float(index))


def test_blocks_may_be_made_on_demand():
    order = torch.cat(list(streamed_permutation(Remade(), 4, 60_000)))
    assert order.sort().values.tolist() == list(range(200_000))
    first = (order[:20_000] // 50_000).bincount(minlength=4) / 20_000
    assert first.argsort().tolist() == [0, 1, 2, 3]


def test_memory_is_that_of_a_bucket():
    """Its indices alone would take 48 MB, the keys as much; mapped scores are 24 MB."""
    row = in_fresh_process(measure, 6_000_000, 750_000)
    assert row['buckets'] == 8 and row['peak_megabytes'] < 78


@pytest.mark.parametrize('log_weights, message', [
    ([], 'must hold at least one number'),
    ([torch.tensor([])], 'must hold at least one number'),
    ([torch.zeros(3), torch.tensor([0, math.nan])], 'begins at position 3 does'),
    ([torch.tensor([math.inf])], 'must not hold NaN or .inf'),
])
def test_weights_that_are_no_weights(log_weights, message):
    with pytest.raises(ValueError, match=message):
        next(streamed_permutation(log_weights, 0))


@pytest.mark.parametrize('kwargs, message', [
    (dict(seed=-1), r'`seed` must lie in \[0, 2\^64\), but got -1'),
    (dict(seed=0, bucket_size=0), '`bucket_size` must be at least 1, but got 0'),
    (dict(seed=0, first_bucket=-1), '`first_bucket` must be at least 0, but got -1'),
])
def test_wrong_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        streamed_permutation([torch.zeros(3)], **kwargs)


@pytest.mark.parametrize('once', [torch.zeros(3), iter([torch.zeros(3)])])
def test_weights_that_cannot_be_read_again(once):
    with pytest.raises(TypeError, match='which is read several times, but got'):
        streamed_permutation(once, 0)
