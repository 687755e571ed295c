"""Files of a benchmark: the table as csv, markdown, json and figure."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tools.benchmarking.difference import CONFIDENCE, DRAWS
from tools.benchmarking.figure import draw
from tools.benchmarking.run import FIELD, BenchmarkRun
from tools.benchmarking.table import ACCURACY, GAP, Line, modalities_of
from tools.sweeping.grid import Axis
from tools.sweeping.report import summarise, write_csv, write_results, write_summary
from tools.sweeping.runs import read_validations

Facts = dict[str, Any]
MARK = '(*)'
SELECTION = ('Numbers are of the test set, measured once per run, with the checkpoint that is best '
             'on the validation set by acc/fused.')


def write_report(lines: Sequence[Line], runs: Sequence[BenchmarkRun], facts: Facts,
                 out: Path) -> str:
    """Write ``results.csv``, ``history.csv``, ``table.csv``, ``.md``, ``.json``, ``figure.png``.

    Every row gets a ``summary.json`` beside its config as well, which a metafile can name.

    Args:
        lines: Lines of the table, at least one.
        runs: Finished runs.
        facts: What the table is of: ``command``, ``budget``, ``vanilla``, ``marked`` (what differs
            from the budget of vanilla, by row), ``notes``, ``versions`` and so on.
        out: Folder of the benchmark.

    Returns:
        The markdown.
    """
    results = [result for run in runs if (result := run.result()) is not None]
    write_results(results, [Axis(FIELD, tuple(line.name for line in lines))], out / 'results.csv')
    _write_history(runs, out / 'history.csv')
    rows = [_cells(line, modalities_of(lines)) for line in lines]
    write_csv(out / 'table.csv', list(rows[0]), rows)
    text = json.dumps(dict(facts, selection=SELECTION, rows=[
        dict(asdict(line), verdict=line.verdict) for line in lines]), indent=2)
    (out / 'table.json').write_text(text + '\n', encoding='utf-8')
    for line in lines:
        _write_row_summary(line, results, facts, out)
    draw(lines, facts['vanilla'], out / 'figure.png')
    markdown = to_markdown(lines, facts)
    (out / 'table.md').write_text(markdown, encoding='utf-8')
    return markdown


def _write_history(runs: Sequence[BenchmarkRun], file: Path) -> None:
    rows = [dict(run.setting, seed=run.seed, epoch=epoch, **measured) for run in runs
            for epoch, measured in sorted(read_validations(run.folder / 'train').items())]
    write_csv(file, list(dict.fromkeys(name for row in rows for name in row)), rows)


def to_markdown(lines: Sequence[Line], facts: Facts) -> str:
    """Return the table with everything that is needed to read it.

    Args:
        lines: Lines of the table, at least one.
        facts: See :func:`write_report`.
    """
    modalities, marked = modalities_of(lines), facts['marked']
    rows = [['method', 'n', 'accuracy', *modalities, 'gap', f'less {facts["vanilla"]}', '', 'time',
             'processor', 'memory (MiB)']]
    rows += [_texts(line, modalities, line.name in marked) for line in lines]
    table = ['| ' + ' | '.join(row) + ' |' for row in rows]
    notes = [f'{MARK} {name} has not the budget of {facts["vanilla"]}: {", ".join(what)}.'
             for name, what in marked.items()]
    notes += [*_READING, *facts['notes'], *_data_notes(lines)]
    return '\n'.join([
        f'    {facts["command"]}', '', f'{SELECTION} {facts["budget"]}', '',
        table[0], '|---' * len(rows[0]) + '|', *table[1:], '',
        *(f'- {note}' for note in notes)]) + '\n'


_READING = (
    'Accuracies are percentages: mean ± sample standard deviation over n seeds, of the fused '
    'prediction and of each modality. gap: the best modality less the worst.',
    f'The difference is in percentage points, with its {CONFIDENCE:.0%} bootstrap interval '
    f'({DRAWS} draws of seeds and of test samples, paired). "better" and "worse": the interval '
    'excludes zero. "no difference seen" does not say that there is none. Each interval is of one '
    f'comparison; of many methods that make no difference, {1 - CONFIDENCE:.0%} would still be '
    'called better or worse.',
    'time: wall time of training with its validations, relative to vanilla with the same seed; '
    'processor: likewise the processor time, which other work on the machine disturbs less. '
    'memory: largest resident set of a training process; "+" what torch allocated on the GPU.',
    'Config and logs of a number: <method>/config.py and <method>/seed<N>/ beside this file.',
)


def _data_notes(lines: Sequence[Line]) -> list[str]:
    by_streams: dict[tuple[str, ...], set[str]] = {}
    for line in lines:
        streams = tuple(sorted(modalities_of([line])))
        by_streams.setdefault(streams, set()).update(line.data_fingerprints)
    notes = [f'Fingerprint of the training data ({", ".join(streams)}): '
             f'{", ".join(sorted(found))}' + (
                 '. The data changed between runs, which are therefore not comparable.'
                 if len(found) > 1 else '.') for streams, found in by_streams.items()]
    most = max(len(line.seeds) for line in lines)
    notes += [f'{line.name} has {len(line.seeds)} of {most} seeds; its difference is over those.'
              for line in lines if len(line.seeds) < most]
    if most == 1:
        notes.append('With a single seed the intervals are over test samples only.')
    return notes


def _cells(line: Line, modalities: Sequence[str]) -> dict[str, Any]:
    accuracy, gap = line.metrics[ACCURACY], line.metrics.get(GAP, {})
    difference = line.difference
    cells = dict(method=line.name, control=line.control, seeds=' '.join(map(str, line.seeds)),
                 accuracy=accuracy['mean'], accuracy_sd=accuracy['std'])
    for name in modalities:
        measured = line.metrics.get(f'test/acc/{name}', {})
        cells |= {f'{name}': measured.get('mean'), f'{name}_sd': measured.get('std')}
    cells |= dict(gap=gap.get('mean'), difference=difference and difference.mean,
                  low=difference and difference.low, high=difference and difference.high,
                  verdict=line.verdict, seconds=line.seconds['mean'],
                  time=line.time and line.time['mean'],
                  processor=line.processor and line.processor['mean'],
                  rss_mib=line.rss_mib, gpu_mib=line.gpu_mib,
                  config_hash=line.config_hash, data_fingerprint=' '.join(line.data_fingerprints))
    return cells


def _texts(line: Line, modalities: Sequence[str], marked: bool) -> list[str]:
    difference = line.difference
    interval = '-' if difference is None else (
        f'{100 * difference.mean:+.1f} [{100 * difference.low:+.1f}, {100 * difference.high:+.1f}]')
    memory = f'{line.rss_mib:.0f}' + ('' if line.gpu_mib is None else f' + {line.gpu_mib:.0f}')
    measured = [line.metrics.get(name) for name in
                (ACCURACY, *(f'test/acc/{name}' for name in modalities), GAP)]
    return [f'{line.name} {MARK}' if marked else line.name, str(len(line.seeds)),
            *map(_percent, measured), interval, line.verdict,
            *('-' if measured is None else f'{measured["mean"]:.2f}'
              for measured in (line.time, line.processor)), memory]


def _percent(measured: Mapping[str, Any] | None) -> str:
    if measured is None:
        return '-'
    mean = f'{100 * measured["mean"]:.1f}'
    return mean if measured['std'] is None else f'{mean} ± {100 * measured["std"]:.1f}'


def _write_row_summary(line: Line, results: Sequence[dict[str, Any]], facts: Facts,
                       out: Path) -> None:
    summaries = summarise(results, [{FIELD: line.name}])
    write_summary(summaries, ACCURACY, dict(
        command=facts['command'], selection=SELECTION, failed=[], versions=facts['versions'],
        data_fingerprints=list(line.data_fingerprints)), out / line.name)
