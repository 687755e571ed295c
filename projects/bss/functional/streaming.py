"""The weighted order of samples that do not fit in memory, bucket by bucket (Eq 11)."""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from .race import ascending_words, last_keys, race_keys

_BLOCK = 1 << 16
# Sorted in the cache; torch sorts integers by radix from 2^15 of them on.
_RUN = 1 << 17
_SAMPLE = 1 << 18
_ALL_BITS = (1 << 64) - 1
# Buckets are within a few percent of their size.
_SLACK = 1.05
# The table of where ranges cut runs is the square of this.
_MOST_RUNS = 1 << 10
_Run = tuple[Tensor, Tensor]


def streamed_permutation(log_weights: Sequence[Tensor],
                         seed: int,
                         bucket_size: int = 1 << 26,
                         first_bucket: int = 0) -> Iterator[Tensor]:
    """Draw samples as :func:`weighted_permutation` does, in memory that n does not determine.

    The key of a sample is a function of (seed, position, weight) alone, so nothing is stored: each
    bucket of the order takes one pass over the weights, which makes all keys again and keeps those
    in the bucket's range. Neither the division into blocks nor ``bucket_size`` changes the order.
    Samples with equal keys, of which a share of n / 2^53 is to be expected, keep their order.

    Args:
        log_weights: Natural logarithm of the weights, shape (n,) when put together, up to a
            constant; ``-inf`` comes last. Read block by block, again for each bucket: a block may
            be memory-mapped, or made by the sequence when it is asked for.
        seed: Seed of the order, in [0, 2^64).
        bucket_size: Samples of a bucket, give or take a few percent, >= 1. A bucket takes about
            36 bytes of memory for each of them, the bucket before it included, which the caller
            may still hold.
        first_bucket: Number of leading buckets to leave out, to resume behind them.

    Returns:
        Iterator of the buckets in turn: positions in the order of drawing, each of shape (about
        bucket_size,), int64.

    Raises:
        TypeError: If ``log_weights`` can be read once only, or is a tensor itself.
        ValueError: For no weights at all, NaN, an infinite weight, a seed out of range,
            ``bucket_size`` below 1 or ``first_bucket`` below 0.

    Reference:
        BSS, Eq. 11.
    """
    if not isinstance(log_weights, Sequence):
        raise TypeError('`log_weights` must be a sequence of tensors, which is read several times, '
                        f'but got {type(log_weights).__name__}: pass a list, such as '
                        '`log_weights.split(2**20)`.')
    if not 0 <= seed < 1 << 64:
        raise ValueError(f'`seed` must lie in [0, 2^64), but got {seed}.')
    if bucket_size < 1:
        raise ValueError(f'`bucket_size` must be at least 1, but got {bucket_size}.')
    if first_bucket < 0:
        raise ValueError(f'`first_bucket` must be at least 0, but got {first_bucket}.')
    return _buckets(log_weights, seed, bucket_size, first_bucket)


def counted_uniform(seed: int, start: int, count: int) -> Tensor:
    """Compute uniform noise as a function of (seed, position), so that any part can be made alone.

    Args:
        seed: Seed, in [0, 2^64).
        start: First position, >= 0.
        count: Number of positions.

    Returns:
        Noise in [0, 1) of 53 bits, shape (count,), float64.

    Reference:
        Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014), with the
        constants of SplitMix64; int64 stands for uint64, whose product has the same bits.
    """
    state = torch.arange(start + 1, start + count + 1).mul_(_signed(0x9E3779B97F4A7C15))
    # The seed is mixed too: neighbouring seeds would otherwise share all but a few positions.
    state += _mix(torch.tensor([_signed(seed)]))
    return (_mix(state) >> 11).bitwise_and_((1 << 53) - 1).double().mul_(2.**-53)


def _mix(state: Tensor) -> Tensor:
    """Scramble 64-bit words in place, one to one."""
    state ^= (state >> 30) & ((1 << 34) - 1)
    state *= _signed(0xBF58476D1CE4E5B9)
    state ^= (state >> 27) & ((1 << 37) - 1)
    state *= _signed(0x94D049BB133111EB)
    state ^= (state >> 31) & ((1 << 33) - 1)
    return state


def _signed(word: int) -> int:
    return word - (1 << 64) if word >> 63 else word


def _buckets(blocks: Sequence[Tensor], seed: int, bucket_size: int,
             first_bucket: int) -> Iterator[Tensor]:
    inner, expected = _edges(blocks, seed, bucket_size)
    edges = [None, *inner, None]
    for lower, upper in list(zip(edges, edges[1:]))[first_bucket:]:
        # Nothing of a bucket is held here while the caller works with it.
        yield _merged(*_gathered(_within(blocks, seed, lower, upper), expected))


def _words(log_weights: Tensor, uniform: Tensor) -> Tensor:
    """Make the keys, as integers, of a block that fits the cache."""
    never = log_weights == -torch.inf
    last = last_keys(uniform[never])
    keys = race_keys(uniform, log_weights)
    keys[never] = last
    return ascending_words(keys)


def _parts(blocks: Sequence[Tensor]) -> Iterator[tuple[int, Tensor]]:
    """Read all weights once, in parts that fit the cache, each with its first position."""
    start = 0
    for block in blocks:
        for part in block.split(_BLOCK) if len(block) else ():
            yield start, part
            start += len(part)


def _edges(blocks: Sequence[Tensor], seed: int, bucket_size: int) -> tuple[list[int], int]:
    """Estimate the words that divide the order into buckets of about equal size, and that size."""
    size = sum(map(len, blocks))
    if not size:
        raise ValueError('`log_weights` must hold at least one number, but its blocks are empty.')
    sampled = _one_of_each_stride(size, min(size, _SAMPLE), seed)
    # Filled in place: small pieces, kept between large ones that are given back, would pin memory.
    words = torch.empty_like(sampled)
    for start, part in _parts(blocks):
        if not part.max() < torch.inf:
            raise ValueError('`log_weights` must not hold NaN or +inf, but the part that begins at '
                             f'position {start} does: check the scores that they come from.')
        ends = torch.tensor([start, start + len(part)])
        first, last = torch.searchsorted(sampled, ends).tolist()
        chosen = sampled[first:last] - start
        words[first:last] = _words(part[chosen], counted_uniform(seed, start, len(part))[chosen])
    words = words.sort().values
    count = math.ceil(size / bucket_size)
    edges = [int(words[len(words) * number // count]) for number in range(1, count)]
    return edges, math.ceil(size / count)


def _one_of_each_stride(size: int, count: int, seed: int) -> Tensor:
    """Draw a position from each of ``count`` equal strides, so that no period counts."""
    ends = torch.arange(count + 1) * size // count
    offsets = counted_uniform(~seed & _ALL_BITS, 0, count) * ends.diff()
    return ends[:-1] + offsets.long()


def _within(blocks: Sequence[Tensor], seed: int, lower: int | None,
            upper: int | None) -> Iterator[_Run]:
    """Find the samples whose words lie in [lower, upper), with their positions."""
    for start, part in _parts(blocks):
        words = _words(part, counted_uniform(seed, start, len(part)))
        inside = torch.ones(len(words), dtype=torch.bool) if lower is None else words >= lower
        if upper is not None:
            inside &= words < upper
        chosen = inside.nonzero().squeeze(1)
        yield words.take(chosen), chosen.add_(start)


def _gathered(found: Iterator[_Run], expected: int) -> _Run:
    """Put the samples of a bucket one behind the other, in two large arrays."""
    words, positions = (torch.empty(int(_SLACK * expected), dtype=torch.int64) for _ in range(2))
    count = 0
    for part in found:
        end = count + len(part[0])
        if end > len(words):
            words, positions = (torch.cat([kept, torch.empty(end, dtype=torch.int64)])
                                for kept in (words, positions))
        words[count:end], positions[count:end] = part
        count = end
    return words[:count], positions[:count]


def _sort(words: Tensor, positions: Tensor) -> _Run:
    words, order = words.sort(stable=True)
    return words, positions.take(order)


def _sort_runs(words: Tensor, positions: Tensor, length: int) -> list[_Run]:
    """Sort in place, run by run; views of the runs."""
    runs = list(zip(words.split(length), positions.split(length)))
    for run in runs:
        for unsorted, ascending in zip(run, _sort(*run)):
            unsorted.copy_(ascending)
    return runs


def _merged(words: Tensor, positions: Tensor) -> Tensor:
    """Merge sorted runs, range by range of their words, to the positions in ascending order."""
    total = len(words)
    if not total:
        return positions
    length = max(_RUN, total // _MOST_RUNS)
    runs = _sort_runs(words, positions, length)
    sample = torch.cat([words[::512] for words, _ in runs]).sort().values
    step = max(1, len(sample) * length // total)
    edges = sample[step::step].contiguous()
    cuts = torch.stack([_cuts(words, edges) for words, _ in runs])
    merged = torch.empty(total, dtype=torch.int64)
    done = 0
    for number in range(len(edges) + 1):
        pieces = [(words[start:stop], positions[start:stop]) for (words, positions), (start, stop)
                  in zip(runs, cuts[:, number:number + 2].tolist()) if start < stop]
        if pieces:
            _, found = _sort(*map(torch.cat, zip(*pieces)))
            merged[done:done + len(found)] = found
            done += len(found)
    return merged


def _cuts(words: Tensor, edges: Tensor) -> Tensor:
    """Find where the ranges between edges begin and end in a sorted run."""
    inner = torch.searchsorted(words, edges)
    return torch.cat([inner.new_zeros(1), inner, inner.new_full((1, ), len(words))])
