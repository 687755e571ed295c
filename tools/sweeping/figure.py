"""Figure of a sweep."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from tools.sweeping.grid import Axis
from tools.sweeping.report import Result, spread


def draw(results: Sequence[Result], axes: Sequence[Axis], metric: str, file: Path) -> None:
    """Draw a measure over the grid.

    One axis gives a line with error bars, two a heat map, more one panel per axis, in which the
    others are averaged over.

    Args:
        results: Results of runs, at least one.
        axes: Axes of the sweep, at least one.
        metric: The measure.
        file: The picture to write.
    """
    results = [result for result in results if metric in result['metrics']]
    panels = 1 if len(axes) == 2 else len(axes)
    figure, plots = plt.subplots(1, panels, figsize=(1 + 4 * panels, 3.6), squeeze=False,
                                 sharey=True, layout='constrained')
    if len(axes) == 2:
        _heat_map(plots[0, 0], results, axes[0], axes[1], metric)
    else:
        for plot, axis in zip(plots[0], axes):
            _line(plot, results, axis, metric)
        plots[0, 0].set_ylabel(metric)
    figure.savefig(file, dpi=150)
    plt.close(figure)


def values_at(results: Sequence[Result], metric: str, point: dict[str, Any]) -> list[float]:
    """Pick the values of a measure at some values of the axes, whatever those of the others.

    Args:
        results: Results of runs that have the measure.
        metric: The measure.
        point: Value by name of the axis.
    """
    return [result['metrics'][metric] for result in results
            if all(result['setting'][name] == value for name, value in point.items())]


def _line(plot: Axes, results: Sequence[Result], axis: Axis, metric: str) -> None:
    measured = {index: values for index, value in enumerate(axis.values)
                if (values := values_at(results, metric, {axis.name: value}))}
    numeric = all(type(value) in (int, float) for value in axis.values)
    places = [axis.values[index] if numeric else index for index in measured]
    spreads = [spread(values) for values in measured.values()]
    plot.errorbar(places, [s['mean'] for s in spreads], [s['std'] or 0 for s in spreads],
                  marker='o', capsize=3)
    plot.set_xticks(places, [str(axis.values[index]) for index in measured])
    plot.set_xlabel(axis.label)
    plot.grid(alpha=0.3)


def _heat_map(plot: Axes, results: Sequence[Result], down: Axis, across: Axis,
              metric: str) -> None:
    means = np.full((len(down.values), len(across.values)), np.nan)
    for row, first in enumerate(down.values):
        for column, second in enumerate(across.values):
            values = values_at(results, metric, {down.name: first, across.name: second})
            if values:
                means[row, column] = np.mean(values)
                plot.text(column, row, f'{means[row, column]:.3g}', ha='center', va='center',
                          bbox=dict(facecolor='white', alpha=0.7, linewidth=0))
    image = plot.imshow(means, aspect='auto')
    plot.figure.colorbar(image, ax=plot, label=metric)
    plot.set_yticks(range(len(down.values)), list(map(str, down.values)))
    plot.set_xticks(range(len(across.values)), list(map(str, across.values)))
    plot.set(xlabel=across.label, ylabel=down.label)
