"""The table of a benchmark: one line per row, each compared with vanilla."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.benchmarking.difference import Difference, bootstrap
from tools.benchmarking.run import FIELD, BenchmarkRun, Hits
from tools.sweeping.report import spread, summarise

ACCURACY, GAP = 'test/acc/fused', 'test/gap/acc'
_PREFIX = 'test/acc/'


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        name: Name of the row.
        control: Which control it is, or None.
        seeds: Seeds whose runs are finished.
        metrics: Mean, standard deviation and number of each measure, by its name.
        difference: Accuracy less that of vanilla; None for vanilla itself, and where no seed is
            finished in both.
        seconds: Seconds of training, with validation: mean, standard deviation and number.
        time: The same relative to vanilla with the same seed; None where no seed is finished in
            both.
        processor: Processor time of training, loader workers included, relative likewise.
        rss_mib: Largest resident set of its runs, in MiB.
        gpu_mib: Most memory that torch allocated on a GPU, in MiB; None without one.
        config_hash: Hash of the config.
        data_fingerprints: Fingerprints of the training data of its runs.
        accuracies: Test accuracy of the fused stream, by seed.
    """

    name: str
    control: str | None
    seeds: Sequence[int]
    metrics: Mapping[str, Mapping[str, Any]]
    difference: Difference | None
    seconds: Mapping[str, Any]
    time: Mapping[str, Any] | None
    processor: Mapping[str, Any] | None
    rss_mib: float
    gpu_mib: float | None
    config_hash: str
    data_fingerprints: Sequence[str]
    accuracies: Sequence[float]

    @property
    def verdict(self) -> str:
        """The comparison with vanilla in words."""
        return '-' if self.difference is None else self.difference.verdict


Finished = Mapping[int, BenchmarkRun]
"""Finished runs of a row, by seed."""


def make_lines(finished: Mapping[str, Finished], controls: Mapping[str, str | None],
               vanilla: str) -> list[Line]:
    """Compute the table.

    Args:
        finished: Finished runs by row and seed; rows without any are left out.
        controls: Which control a row is, by its name.
        vanilla: Name of the row that the others are compared with.

    Returns:
        A line per row that has a finished run.
    """
    baseline = finished.get(vanilla, {})
    return [_line(name, controls[name], runs, baseline)
            for name, runs in finished.items() if runs]


def _line(name: str, control: str | None, runs: Finished, baseline: Finished) -> Line:
    results = {seed: run.result() or {} for seed, run in runs.items()}
    summary, = summarise(list(results.values()), [{FIELD: name}])
    shared = [seed for seed in runs if seed in baseline]
    hits = [(runs[seed].hits(), baseline[seed].hits()) for seed in shared]
    gpu = [result['gpu_mib'] for result in results.values() if result['gpu_mib'] is not None]
    return Line(
        name=name, control=control, seeds=list(runs), metrics=summary['metrics'],
        difference=_difference(hits) if hits and runs is not baseline else None,
        seconds=spread([result['seconds'] for result in results.values()]),
        time=_relative('seconds', results, baseline),
        processor=_relative('processor_seconds', results, baseline),
        rss_mib=max(result['rss_mib'] for result in results.values()),
        gpu_mib=max(gpu, default=None), config_hash=summary['config_hash'],
        data_fingerprints=sorted({result['data_fingerprint'] for result in results.values()}),
        accuracies=[result['metrics'][ACCURACY] for result in results.values()])


def _relative(measure: str, results: Mapping[int, Mapping[str, Any]],
              baseline: Finished) -> Mapping[str, Any] | None:
    ratios = [result[measure] / (baseline[seed].result() or {})[measure]
              for seed, result in results.items() if seed in baseline]
    return spread(ratios) if ratios else None


def _difference(pairs: Sequence[tuple[Hits, Hits]]) -> Difference:
    samples = pairs[0][0]['sample']
    for hits in (hits for pair in pairs for hits in pair):
        if not np.array_equal(hits['sample'], samples):
            raise ValueError('Runs can be compared only if they were tested on the same samples, '
                             'but their test sets differ: the data have changed between them. '
                             'Choose another --out.')
    method, other = (np.stack([pair[place]['fused'] for pair in pairs]) for place in (0, 1))
    return bootstrap(method, other)


def modalities_of(lines: Sequence[Line]) -> list[str]:
    """List the modalities that a row measures, in the order in which they first occur.

    Args:
        lines: Lines of the table.
    """
    names = [name for line in lines for name in line.metrics if name.startswith(_PREFIX)]
    return [name.removeprefix(_PREFIX) for name in dict.fromkeys(names) if name != ACCURACY]
