"""Compare methods on one data set with equal budgets. ``--help`` shows examples."""
from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# Raised by the import of mmcv-lite, so it must be filtered before.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

from mmengine.config import Config

from projects.bss import cli
from tools.benchmarking.budget import LOADERS, SELECTED_BY, check_selection, differing, set_epochs
from tools.benchmarking.report import MARK, write_report
from tools.benchmarking.rows import (DEFAULT_ROWS, Row, check_rows, missing_controls, read_rows,
                                     rows_of_files, vanilla_of)
from tools.benchmarking.run import FIELD, BenchmarkRun
from tools.benchmarking.table import make_lines
from tools.benchmarks.configs import read_config
from tools.benchmarks.report import machine
from tools.sweeping.command import (add_run_arguments, compute, end_children_when_terminated,
                                    end_with_failures, seeds_of, versions)
from tools.sweeping.grid import require_keys

EXAMPLES = """examples:
  python tools/benchmark.py avmnist --seeds 0,1,2 --processes 2 --out work_dirs/benchmark/avmnist
  python tools/benchmark.py avmnist --configs rebalance/avmnist_ogm.py --out DIR   (and controls)
  python tools/benchmark.py --configs VANILLA.py OTHER.py --out DIR                (these alone)
  python tools/benchmark.py avmnist --out DIR --cfg-options \\
      train_dataloader.dataset.version=skewed val_dataloader.dataset.version=skewed \\
      test_dataloader.dataset.version=skewed

The same command again goes on where the last one was stopped. Exit status 1: a run failed.
"""


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description='Train and test several methods with the same seeds, epochs and data, each '
        'run in a process of its own; write one table that compares each with the vanilla row.',
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', nargs='?', help='data set, as the names of configs begin: avmnist')
    parser.add_argument('--configs', nargs='+', default=[], metavar='CONFIG',
                        help='methods to compare, instead of all; with a data set the controls '
                        'stay, without one the first config is the vanilla row')
    parser.add_argument('--rows', type=Path, default=DEFAULT_ROWS, metavar='FILE',
                        help='list of rows (default: tools/benchmarking/default_rows.py)')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for runs and results; the same folder continues a benchmark')
    parser.add_argument('--epochs', type=int, metavar='N',
                        help='train all rows for N epochs; learning rates follow, what a method '
                        'counts in epochs itself does not')
    parser.add_argument('--mark-budgets', action='store_true',
                        help='mark rows with other epochs or data, instead of refusing them')
    parser.add_argument('--table-only', action='store_true',
                        help='compute nothing: the table of the runs that are finished')
    add_run_arguments(parser)
    return parser.parse_args(argv)


def rows_of(args: argparse.Namespace) -> list[Row]:
    """Choose the rows.

    Args:
        args: Parsed arguments.

    Returns:
        The rows, in order.

    Raises:
        ValueError: If there is neither a data set nor a config, or the rows make no table.
    """
    if args.data is None and not args.configs:
        raise ValueError('Name a data set, such as avmnist, or the configs to compare (--configs).')
    listed = read_rows(args.rows, args.data) if args.data else []
    if args.configs:
        listed = [row for row in listed if row.control] + rows_of_files(args.configs, args.data)
    check_rows(listed)
    return listed


def configs_of(rows: Sequence[Row], args: argparse.Namespace) -> dict[str, Config]:
    """Read the configs of all rows, with the changes of the row and of the command line.

    Args:
        rows: The rows.
        args: Parsed arguments.

    Returns:
        Config by row.

    Raises:
        KeyError: If an option of a row leads nowhere.
        ValueError: If a row does not choose its checkpoint on a validation set.
    """
    configs = {}
    for row in rows:
        cfg = read_config(row.config, {})
        require_keys(cfg, row.options, f'The row {row.name!r}')
        cfg.merge_from_dict({**row.options, **(args.cfg_options or {})})
        if args.epochs is not None:
            set_epochs(cfg, args.epochs)
        check_selection(row.name, cfg)
        configs[row.name] = cfg
    return configs


def marks_of(configs: Mapping[str, Config], vanilla: Config,
             allowed: bool) -> dict[str, list[str]]:
    """Find the rows whose budgets are not that of vanilla.

    Args:
        configs: Config by row.
        vanilla: Config of the vanilla row.
        allowed: Whether there may be any.

    Returns:
        What differs, by row.

    Raises:
        ValueError: If there may not be any, but are.
    """
    found = {name: differences for name, cfg in configs.items()
             if (differences := differing(cfg, vanilla))}
    if found and not allowed:
        listed = '; '.join(f'{name}: {", ".join(what)}' for name, what in found.items())
        raise ValueError(f'All rows must have the budget of vanilla, but some differ ({listed}). '
                         'Set --epochs or --cfg-options for all, or let --mark-budgets mark '
                         'them in the table.')
    return found


def facts_of(args: argparse.Namespace, rows: Sequence[Row], cfg: Config,
             marked: Mapping[str, list[str]], failures: Mapping[str, str]) -> dict[str, Any]:
    """Say what the table is of.

    Args:
        args: Parsed arguments.
        rows: The rows.
        cfg: Config of the vanilla row.
        marked: What differs from the budget of vanilla, by row.
        failures: End of the log of each run that failed, by its title.

    Returns:
        Facts for :func:`tools.benchmarking.report.write_report`, without the command.
    """
    missing, host = missing_controls(rows), machine()
    notes = [f'Without these controls: {", ".join(missing)}.'] if missing else []
    notes += [f'Failed, and therefore not counted: {title}.' for title in failures]
    notes.append(f'Machine: {host["cores"]} cores, {args.processes} runs at a time, Python '
                 f'{host["python"]}, torch {host["torch"]}.')
    return dict(
        vanilla=vanilla_of(rows),
        budget=f'All rows train for {cfg.train_cfg.max_epochs} epochs on the same data with '
        f'batches of {cfg.train_dataloader.batch_size}' + (
            f', except those marked {MARK}.' if marked else '.'),
        marked=dict(marked), notes=notes, failed=list(failures), versions=versions(), machine=host,
        configs={row.name: dict(file=row.config, options=dict(row.options)) for row in rows})


def report(args: argparse.Namespace, rows: Sequence[Row], runs: Sequence[BenchmarkRun],
           facts: dict[str, Any]) -> None:
    """Write the table of the finished runs, and print it.

    Args:
        args: Parsed arguments.
        rows: The rows.
        runs: All runs.
        facts: What the table is of.

    Raises:
        ValueError: If runs were tested on different samples.
    """
    finished: dict[str, dict[int, BenchmarkRun]] = {row.name: {} for row in rows}
    for run in runs:
        if run.result() is not None:
            finished[run.setting[FIELD]][run.seed] = run
    lines = make_lines(finished, {row.name: row.control for row in rows}, facts['vanilla'])
    if lines:
        print(write_report(lines, runs, facts, args.out))
        print(f'Written: {args.out}/results.csv, history.csv, table.csv, table.md, table.json, '
              'figure.png')


def main(argv: Sequence[str] | None = None) -> None:
    """Compare.

    Args:
        argv: Arguments; those of the process by default.

    Raises:
        SystemExit: With status 1 if a run failed.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse_args(argv)
    cli.silence_upstream_warnings()
    end_children_when_terminated()
    with cli.sentences_for_user_errors(args):
        seeds, rows = seeds_of(args), rows_of(args)
        configs = configs_of(rows, args)
        vanilla = configs[vanilla_of(rows)]
        marked = marks_of(configs, vanilla, args.mark_budgets)
        cli.check_datasets(vanilla, LOADERS)
        # Seeds change slowest, so that a benchmark that is cut short has all rows of the first.
        runs = [BenchmarkRun.place({FIELD: row.name}, seed, configs[row.name], args.out / row.name,
                                   metric=SELECTED_BY, test=True)
                for seed in seeds for row in rows]
    failures = {} if args.table_only else compute(args, runs)
    facts = dict(command=shlex.join(['python', 'tools/benchmark.py', *argv]),
                 **facts_of(args, rows, vanilla, marked, failures))
    with cli.sentences_for_user_errors(args):
        report(args, rows, runs, facts)
    end_with_failures(failures, runs)


if __name__ == '__main__':
    main()
