"""The streamed weighted order: time by index, time to the first one, and memory."""
from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from projects.bss.functional import streamed_permutation
from tools.benchmarks.peak import peak_memory, reset_peak
from tools.benchmarks.report import Report

PURPOSE = 'weighted order of samples whose scores lie in files, streamed bucket by bucket'
_SHARD = 1 << 24
_PRIME = 65_521


class ScoreFiles(Sequence):
    """Scores in files of float32, each mapped into memory while it is in use.

    Args:
        folder: Folder of the files, which sort by name.
    """

    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob('*.bin'))

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: Any) -> Any:
        file = self._files[index]
        return torch.from_file(str(file), size=file.stat().st_size // 4, dtype=torch.float32)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--samples', type=float, default=1e8,
                        help='number of samples; their scores take 4 bytes each in a temporary '
                        'folder (default: 1e8)')
    parser.add_argument('--bucket', type=float, default=2**26,
                        help='samples of a bucket (default: 2^26)')


def run(args: argparse.Namespace) -> Report:
    """Stream a whole order.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    row = measure(int(args.samples), int(args.bucket))
    return Report('streaming', f'Measures the {PURPOSE}.', [row], [
        f'Scores are uniform on [-1, 1], in files of {_SHARD:,}, mapped one at a time; the weights '
        'are softmax weights. The positions of each order are checked by their sum and sum of '
        'squares.',
        'Peak: growth of the resident set to its high-water mark (VmHWM of /proc/self/status), the '
        'mapped file included; on Linux only.'])


def measure(samples: int, bucket_size: int) -> dict[str, Any]:
    """Stream one order in this process, which should be a fresh one.

    Args:
        samples: Number n of samples.
        bucket_size: Samples of a bucket.

    Returns:
        The row of the report.

    Raises:
        RuntimeError: If a sample is missing or comes twice.
    """
    for _ in streamed_permutation([torch.rand(1000)], 0):
        before = reset_peak()
    with tempfile.TemporaryDirectory() as folder:
        write_scores(Path(folder), samples)
        started, processor = time.perf_counter(), time.process_time()
        buckets, sums = [], [0, 0]
        for bucket in streamed_permutation(ScoreFiles(Path(folder)), 0, bucket_size):
            buckets.append(time.perf_counter() - started)
            for part in bucket.split(_PRIME):
                sums = [sums[0] + int(part.sum()), sums[1] + int((part % _PRIME).square().sum())]
            print(f'bucket {len(buckets)}: {buckets[-1]:.1f} s', file=sys.stderr)
    cpu_seconds = time.process_time() - processor
    if sums != _expected_sums(samples):
        raise RuntimeError(f'The streamed order of {samples} samples is not a permutation.')
    return dict(
        n=samples,
        buckets=len(buckets),
        first_index_seconds=buckets[0],
        seconds=buckets[-1],
        cpu_seconds=cpu_seconds,
        cpu_seconds_per_million=cpu_seconds / samples * 1e6,
        peak_megabytes=None if before is None else (peak_memory() - before) / 1e6)


def write_scores(folder: Path, samples: int) -> None:
    """Write made-up scores.

    Args:
        folder: Where to.
        samples: Their number.
    """
    generator = torch.Generator().manual_seed(0)
    for start in range(0, samples, _SHARD):
        scores = torch.empty(min(_SHARD, samples - start)).uniform_(-1, 1, generator=generator)
        scores.numpy().tofile(folder / f'{start:015d}.bin')


def _expected_sums(samples: int) -> list[int]:
    """Sum positions, and squares of their residues by a prime: small enough for 64 bits."""
    rounds, rest = divmod(samples, _PRIME)
    squares = rounds * sum(i * i for i in range(_PRIME)) + sum(i * i for i in range(rest))
    return [samples * (samples - 1) // 2, squares]
