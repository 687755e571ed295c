"""Figure of a benchmark."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tools.benchmarking.table import ACCURACY, Line

_COLOURS = {'better': 'tab:green', 'worse': 'tab:red', 'no difference seen': 'tab:gray',
            '-': 'black'}


def draw(lines: Sequence[Line], vanilla: str, file: Path) -> None:
    """Draw accuracies, and the differences to vanilla with their intervals.

    Args:
        lines: Lines of the table, at least one; the first comes to the top.
        vanilla: Name of the row that the others are compared with.
        file: The picture to write.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(10, 1.2 + 0.32 * len(lines)), sharey=True, layout='constrained')
    for place, line in enumerate(lines):
        _accuracy(left, place, line)
        _difference(right, place, line)
    left.set_yticks(range(len(lines)), [line.name for line in lines])
    left.invert_yaxis()
    left.set_xlabel('test accuracy (%): seeds, mean and standard deviation')
    right.axvline(0, color='black', linewidth=0.8)
    right.set_xlabel(f'difference to {vanilla} (percentage points)')
    for plot in (left, right):
        plot.grid(axis='x', alpha=0.3)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def _accuracy(plot: Axes, place: int, line: Line) -> None:
    measured = line.metrics[ACCURACY]
    plot.plot([100 * value for value in line.accuracies], [place] * len(line.accuracies), '.',
              color='tab:blue', alpha=0.5)
    plot.errorbar(100 * measured['mean'], place, xerr=100 * (measured['std'] or 0), fmt='o',
                  color=_COLOURS[line.verdict], capsize=3)


def _difference(plot: Axes, place: int, line: Line) -> None:
    difference = line.difference
    if difference is not None:
        below, above = difference.mean - difference.low, difference.high - difference.mean
        plot.errorbar(100 * difference.mean, place,
                      xerr=[[100 * max(0.0, below)], [100 * max(0.0, above)]], fmt='o', capsize=3,
                      color=_COLOURS[line.verdict])
