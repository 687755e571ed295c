"""An epoch's weighted order: time, memory and time to the first index."""
from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from projects.bss.datasets import BalanceSampler, Plan
from projects.bss.functional import weighted_permutation
from tools.benchmarks.processes import in_fresh_process
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = "weighted order of an epoch against torch.multinomial, torch.randperm, DefaultSampler"
MULTINOMIAL_LIMIT = 1 << 24
_CONTENDERS = ('multinomial', 'randperm', 'weighted_permutation', 'DefaultSampler',
               'BalanceSampler')
# Smaller peaks drown in the pages that the allocator keeps.
_SMALLEST_MEASURED_PEAK = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--min', type=float, default=1e4, help='smallest n (default: 1e4)')
    parser.add_argument('--max', type=float, default=1e7,
                        help='largest n (default: 1e7; 1e8 takes minutes and 5 GB); all powers of '
                        'ten from --min on, and 2^24 + 1 if it lies below')
    parser.add_argument('--repeats', type=int, default=5,
                        help='paired repetitions of each n (default: 5)')


def run(args: argparse.Namespace) -> Report:
    """Measure all contenders at all sizes.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    rows = [row for size in sizes(args.min, args.max) for row in _compare(size, args.repeats)]
    return Report('order', f'Compares the {PURPOSE}.', rows, [
        'Every measurement is a fresh process forked from one that has made the imports only; the '
        'contenders of a repetition run one after another. Ratios are taken within a repetition.',
        'Peak: growth of the resident set to its high-water mark (VmHWM of /proc/self/status, '
        'reset through /proc/self/clear_refs), weights and scores being there before; '
        f'from n = {_SMALLEST_MEASURED_PEAK:,} on, on Linux only.',
        'The samplers are timed to their first index: that is when the order exists.',
        f'torch.multinomial stops at {MULTINOMIAL_LIMIT:,} categories.',
        'Entries are medians, with the smallest and the largest.'])


def sizes(smallest: float, largest: float) -> list[int]:
    """List the sizes to measure.

    Args:
        smallest: First size.
        largest: No size is larger.

    Returns:
        ``smallest`` times powers of ten, and 2^24 + 1 where it lies between.
    """
    found = []
    size = int(smallest)
    while size <= largest:
        found.append(size)
        size *= 10
    if smallest < MULTINOMIAL_LIMIT + 1 < largest:
        found.append(MULTINOMIAL_LIMIT + 1)
    return sorted(found)


def measure(contender: str, size: int) -> tuple[float, float | None]:
    """Measure one contender in this process, which should be a fresh one.

    Args:
        contender: Its name.
        size: Number n of samples.

    Returns:
        Seconds (median of several calls if one is short) and peak memory in bytes per sample,
        None where that cannot be told.
    """
    _contender(contender, torch.rand(1000))()
    call = _contender(contender, _weights(size))
    before = _reset_peak() if size >= _SMALLEST_MEASURED_PEAK else None
    seconds = [_timed(call) for _ in range(max(1, _SMALLEST_MEASURED_PEAK // size))]
    peak = None if before is None else (_status('VmHWM') - before) / size
    return median(seconds), peak


def _compare(size: int, repeats: int) -> list[dict[str, Any]]:
    names = [name for name in _CONTENDERS
             if name != 'multinomial' or size < MULTINOMIAL_LIMIT]
    taken: dict[str, list] = {name: [] for name in names}
    for repeat in range(repeats):
        print(f'n = {size:,}: repetition {repeat + 1} of {repeats}', file=sys.stderr)
        for name in names:
            taken[name].append(in_fresh_process(measure, name, size))
    seconds = {name: [first for first, _ in pairs] for name, pairs in taken.items()}
    return [dict(
        n=size,
        contender=name,
        seconds=spread(seconds[name]),
        to_multinomial=_ratio(seconds, name, 'multinomial'),
        to_randperm=_ratio(seconds, name, 'randperm'),
        peak_bytes_per_sample=_largest([peak for _, peak in taken[name]])) for name in names]


def _ratio(seconds: dict[str, list[float]], name: str, base: str) -> dict[str, float] | None:
    return paired_ratio(seconds[name], seconds[base]) if base in seconds else None


def _largest(peaks: list[float | None]) -> float | None:
    known = [peak for peak in peaks if peak is not None]
    return max(known) if known else None


def _weights(size: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.empty(size).uniform_(-1, 1, generator=generator).exp_()


def _contender(name: str, weights: Tensor) -> Callable[[], Any]:
    size = len(weights)
    return dict(
        multinomial=lambda: torch.multinomial(weights, size),
        randperm=lambda: torch.randperm(size),
        weighted_permutation=lambda: weighted_permutation(weights.log()),
        DefaultSampler=lambda: next(iter(DefaultSampler(range(size), seed=0))),
        BalanceSampler=lambda: next(iter(_planned_sampler(weights))))[name]


def _planned_sampler(weights: Tensor) -> BalanceSampler:
    sampler = BalanceSampler(range(len(weights)), seed=0)
    sampler.set_plan(Plan(weights=weights))
    return sampler


def _timed(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _reset_peak() -> int | None:
    """Lower the high-water mark of the resident set to its present size, and return that."""
    mark = Path('/proc/self/clear_refs')
    if not mark.exists():
        return None
    gc.collect()
    mark.write_text('5', encoding='ascii')
    return _status('VmRSS')


def _status(key: str) -> int:
    for line in Path('/proc/self/status').read_text(encoding='ascii').splitlines():
        if line.startswith(f'{key}:'):
            return int(line.split()[1]) * 1024
    raise KeyError(f'/proc/self/status has no entry {key!r}: this kernel does not report memory.')
