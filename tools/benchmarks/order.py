"""An epoch's weighted order: time, memory and time to the first index."""
from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from statistics import median
from typing import Any

import torch
from mmengine.dataset import DefaultSampler
from torch import Tensor

from projects.bss.datasets import BalanceSampler, Plan
from projects.bss.functional import weighted_permutation
from tools.benchmarks.peak import peak_memory, reset_peak
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
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'],
                        help='where the order is drawn; samplers draw on the CPU only '
                        '(default: cpu)')


def run(args: argparse.Namespace) -> Report:
    """Measure all contenders at all sizes.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    rows = [row for size in sizes(args.min, args.max)
            for row in _compare(size, args.repeats, args.device)]
    return Report('order', f'Compares the {PURPOSE}.', rows, [
        'Every measurement is a fresh process forked from one that has made the imports only; the '
        'contenders of a repetition run one after another. Ratios are taken within a repetition.',
        'Peak: growth of the resident set to its high-water mark (VmHWM of /proc/self/status, '
        'reset through /proc/self/clear_refs), weights and scores being there before; '
        f'from n = {_SMALLEST_MEASURED_PEAK:,} on, on Linux only. On a GPU: what torch allocates.',
        'The samplers are timed to their first index: that is when the order exists. iteration_ns '
        'is the processor time of each further one; the peak covers it.',
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


def measure(contender: str, size: int, device: str = 'cpu') -> dict[str, float | None]:
    """Measure one contender in this process, which should be a fresh one.

    Args:
        contender: Its name.
        size: Number n of samples.
        device: Where the order is drawn.

    Returns:
        Wall and processor ``seconds`` and ``cpu_seconds`` to the first index, nanoseconds of
        processor time for each further index of a sampler (``iteration_ns``), the medians of
        several calls if one is short; and the ``peak`` memory in bytes per sample. None stands for
        what cannot be told.
    """
    _contender(contender, torch.rand(1000, device=device))()
    call = _contender(contender, _weights(size).to(device))
    before = _reset(device) if size >= _SMALLEST_MEASURED_PEAK else None
    taken = [_timed(call, device) for _ in range(max(1, _SMALLEST_MEASURED_PEAK // size))]
    peak = None if before is None else (_peak(device) - before) / size
    seconds, cpu_seconds, iteration = (
        None if None in values else median(values) for values in zip(*taken))
    return dict(seconds=seconds, cpu_seconds=cpu_seconds, peak=peak,
                iteration_ns=None if iteration is None else iteration / size * 1e9)


def _compare(size: int, repeats: int, device: str) -> list[dict[str, Any]]:
    names = [name for name in _CONTENDERS
             if (name != 'multinomial' or size < MULTINOMIAL_LIMIT)
             and (device == 'cpu' or not name.endswith('Sampler'))]
    taken: dict[str, list] = {name: [] for name in names}
    for repeat in range(repeats):
        print(f'n = {size:,}: repetition {repeat + 1} of {repeats}', file=sys.stderr)
        for name in names:
            taken[name].append(in_fresh_process(measure, name, size, device))
    seconds, cpu_seconds, peaks, iteration = (
        {name: [one[key] for one in ones] for name, ones in taken.items()}
        for key in ('seconds', 'cpu_seconds', 'peak', 'iteration_ns'))
    return [dict(
        n=size,
        contender=name,
        seconds=spread(seconds[name]),
        to_multinomial=_ratio(seconds, name, 'multinomial'),
        to_randperm=_ratio(seconds, name, 'randperm'),
        cpu_to_randperm=_ratio(cpu_seconds, name, 'randperm'),
        iteration_ns=None if None in iteration[name] else median(iteration[name]),
        peak_bytes_per_sample=_largest(peaks[name])) for name in names]


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
        randperm=lambda: torch.randperm(size, device=weights.device),
        weighted_permutation=lambda: weighted_permutation(weights.log(), _generator(weights)),
        DefaultSampler=lambda: _first_drawn(DefaultSampler(range(size), seed=0)),
        BalanceSampler=lambda: _first_drawn(_planned_sampler(weights)))[name]


def _planned_sampler(weights: Tensor) -> BalanceSampler:
    sampler = BalanceSampler(range(len(weights)), seed=0)
    sampler.set_plan(Plan(weights=weights))
    return sampler


def _generator(weights: Tensor) -> torch.Generator:
    return torch.Generator(weights.device).manual_seed(0)


def _timed(call: Callable[[], Any], device: str) -> tuple[float, float, float | None]:
    """Time a call, wall and processor, and the rest of an iterator that it returns."""
    started, processor = time.perf_counter(), time.process_time()
    result = call()
    if device == 'cuda':
        torch.cuda.synchronize()
    first = time.process_time()
    seconds = time.perf_counter() - started
    if not isinstance(result, Iterator):
        return seconds, first - processor, None
    deque(result, maxlen=0)
    return seconds, first - processor, time.process_time() - first


def _first_drawn(sampler: Iterable[int]) -> Iterator[int]:
    indices = iter(sampler)
    next(indices)
    return indices


def _reset(device: str) -> int | None:
    if device == 'cpu':
        return reset_peak()
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def _peak(device: str) -> int:
    return peak_memory() if device == 'cpu' else torch.cuda.max_memory_allocated()
