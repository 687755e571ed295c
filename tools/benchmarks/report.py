"""What every benchmark writes: one table with its settings, as json, markdown and text."""
from __future__ import annotations

import json
import os
import platform
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import torch


@dataclass
class Report:
    """Result of one benchmark.

    Args:
        name: Name of the benchmark.
        purpose: One sentence: what is compared with what.
        rows: One dict per row of the table, all with the same keys.
        notes: How it was measured, one sentence each.
        command: Command line that made it.
        machine: What it ran on.
    """

    name: str
    purpose: str
    rows: list[dict]
    notes: list[str] = field(default_factory=list)
    command: str = ''
    machine: dict = field(default_factory=lambda: machine())

    def markdown(self) -> str:
        """Return the report as a section of markdown."""
        machine_line = ', '.join(f'{key} {value}' for key, value in self.machine.items())
        return '\n'.join([f'## {self.name}', '', self.purpose, '', f'    {self.command}', '',
                          *self._table(), '', f'Machine: {machine_line}.', '',
                          *(f'- {note}' for note in self.notes), ''])

    def save(self, folder: Path) -> list[Path]:
        """Write ``<name>.json`` and ``<name>.md``.

        Args:
            folder: Where to; made if it is not there.

        Returns:
            The two files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f'{self.name}.json', folder / f'{self.name}.md']
        files[0].write_text(json.dumps(asdict(self), indent=2) + '\n', encoding='utf-8')
        files[1].write_text(self.markdown(), encoding='utf-8')
        return files

    def _table(self) -> list[str]:
        cells = [list(self.rows[0]), *([_cell(value) for value in row.values()]
                                       for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ['| ' + ' | '.join(text.ljust(width) for text, width in zip(row, widths)) + ' |'
                 for row in cells]
        return [lines[0], '|' + '|'.join('-' * (width + 2) for width in widths) + '|', *lines[1:]]


def machine() -> dict:
    """Describe this machine."""
    return dict(
        cores=len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count(),
        threads=torch.get_num_threads(),
        python=platform.python_version(),
        torch=torch.__version__)


def command_line(argv: Sequence[str]) -> str:
    """Return the command that runs the driver with given arguments."""
    return shlex.join(['python', 'tools/benchmarks/run.py', *argv])


def spread(values: Sequence[float]) -> dict[str, float]:
    """Summarise repeated measurements.

    Args:
        values: At least one number.

    Returns:
        ``median``, ``min`` and ``max``.
    """
    return dict(median=median(values), min=min(values), max=max(values))


def paired_ratio(values: Sequence[float], baseline: Sequence[float]) -> dict[str, float]:
    """Compare measurements with those of the baseline of the same repetition.

    Args:
        values: One number per repetition.
        baseline: As many numbers, taken beside them.

    Returns:
        Median, smallest and largest of the ratios.
    """
    return spread([value / base for value, base in zip(values, baseline, strict=True)])


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return (f'{_cell(value["median"])} ({_cell(value["min"])} to {_cell(value["max"])})')
    if isinstance(value, float):
        return f'{value:.4g}'
    return '-' if value is None else str(value)
