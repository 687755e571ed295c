"""Tables of a sweep: every run, and mean and spread of every setting."""
from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from tools.sweeping.grid import Axis, Setting

_ORIGIN = ('seconds', 'config_hash', 'data_fingerprint')

Result = dict[str, Any]
Summary = dict[str, Any]


def metrics_of(results: Sequence[Result]) -> list[str]:
    """List the measures of all runs, in the order in which they first occur.

    Args:
        results: Results of runs.
    """
    return list(dict.fromkeys(name for result in results for name in result['metrics']))


def chosen_metric(results: Sequence[Result], metric: str) -> str:
    """Find the measure of interest: that of the test set where there is one.

    Args:
        results: Results of runs, at least one.
        metric: Its name without ``val/`` or ``test/``.

    Returns:
        Its name among the measures of the runs.

    Raises:
        ValueError: If no run has it.
    """
    known = metrics_of(results)
    for name in (f'test/{metric}', f'val/{metric}'):
        if name in known:
            return name
    names = ', '.join(dict.fromkeys(name.partition('/')[2] for name in known)) or 'none'
    raise ValueError(f'--metric must be one of the measures of the runs, but got {metric!r}. They '
                     f'have: {names}. The finished runs are kept: give another --metric.')


def write_results(results: Sequence[Result], axes: Sequence[Axis], file: Path) -> None:
    """Write one row per run.

    Args:
        results: Results of runs.
        axes: Axes of the sweep.
        file: The csv file.
    """
    names = metrics_of(results)
    rows = [{**result['setting'], 'seed': result['seed'], 'epoch': result['epoch'],
             **result['metrics'], 'seconds': result['seconds'],
             **{name: result[name] for name in _ORIGIN}} for result in results]
    header = [*(axis.name for axis in axes), 'seed', 'epoch', *names, *_ORIGIN]
    write_csv(file, header, rows)


def summarise(results: Sequence[Result], settings: Sequence[Setting]) -> list[Summary]:
    """Compute mean and sample standard deviation over the seeds of each setting.

    Args:
        results: Results of runs.
        settings: The settings, in order.

    Returns:
        Per setting with a result: ``setting``, ``seeds``, ``config_hash``, ``metrics``: a dict of
        ``mean``, ``std`` (None for a single seed) and ``n`` by measure.
    """
    summaries = []
    for setting in settings:
        of_setting = [result for result in results if result['setting'] == setting]
        if of_setting:
            summaries.append(dict(
                setting=setting,
                seeds=[result['seed'] for result in of_setting],
                config_hash=of_setting[0]['config_hash'],
                metrics={name: spread([result['metrics'][name] for result in of_setting
                                       if name in result['metrics']])
                         for name in metrics_of(of_setting)}))
    return summaries


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Compute mean, sample standard deviation and number.

    Args:
        values: At least one number.
    """
    return dict(mean=mean(values), std=stdev(values) if len(values) > 1 else None, n=len(values))


def write_summary(summaries: Sequence[Summary], metric: str, facts: dict[str, Any],
                  folder: Path) -> str:
    """Write ``summary.csv``, ``summary.json`` and ``summary.md``.

    Args:
        summaries: Mean and spread by setting.
        metric: The measure that the markdown shows.
        facts: What the summary is of: ``command``, ``selection`` and so on.
        folder: Folder of the sweep.

    Returns:
        The markdown.
    """
    names = list(dict.fromkeys(name for summary in summaries for name in summary['metrics']))
    columns = {f'{name} {part}': (name, part) for name in names for part in ('mean', 'std', 'n')}
    rows = [{**summary['setting'],
             **{title: summary['metrics'].get(name, {}).get(part)
                for title, (name, part) in columns.items()}} for summary in summaries]
    write_csv(folder / 'summary.csv', [*summaries[0]['setting'], *columns], rows)
    text = json.dumps(dict(facts, metric=metric, settings=list(summaries)), indent=2)
    (folder / 'summary.json').write_text(text + '\n', encoding='utf-8')
    markdown = _markdown(summaries, metric, facts)
    (folder / 'summary.md').write_text(markdown, encoding='utf-8')
    return markdown


def _markdown(summaries: Sequence[Summary], metric: str, facts: dict[str, Any]) -> str:
    axes = list(summaries[0]['setting'])
    lines = [f'    {facts["command"]}', '', f'{facts["selection"]}', '']
    lines += ['| ' + ' | '.join([*axes, metric, 'n']) + ' |', '|---' * (len(axes) + 2) + '|']
    for summary in summaries:
        measured = summary['metrics'].get(metric)
        cells = [str(summary['setting'][axis]) for axis in axes]
        cells += [_with_spread(measured), str(measured['n'])] if measured else ['-', '0']
        lines.append('| ' + ' | '.join(cells) + ' |')
    lines += ['', 'Mean and sample standard deviation over seeds; n is their number.']
    if len(facts['data_fingerprints']) > 1:
        lines.append('The data changed between runs, which are therefore not comparable: see '
                     'data_fingerprint in results.csv.')
    lines += [f'Failed, and therefore not counted: {title}.' for title in facts['failed']]
    return '\n'.join(lines) + '\n'


def _with_spread(measured: dict[str, Any]) -> str:
    if measured['std'] is None:
        return f'{measured["mean"]:.4g}'
    return f'{measured["mean"]:.4g} ± {measured["std"]:.2g}'


def write_csv(file: Path, header: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Write a table.

    Args:
        file: The file.
        header: Names of the columns.
        rows: Cells by name of the column.
    """
    with file.open('w', encoding='utf-8', newline='') as stream:
        writer = csv.DictWriter(stream, header)
        writer.writeheader()
        writer.writerows(rows)
