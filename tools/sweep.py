"""Train a config over a grid of its keys and several seeds. ``--help`` shows examples."""
from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# Raised by the import of mmcv-lite, so it must be filtered before.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

from mmengine.config import Config

from projects.bss import cli
from tools.benchmarks.configs import read_config
from tools.sweeping.command import (add_run_arguments, compute, end_children_when_terminated,
                                    end_with_failures, seeds_of, versions)
from tools.sweeping.figure import draw
from tools.sweeping.grid import Axis, keys_of, parse_axes, require_keys, settings_of
from tools.sweeping.report import chosen_metric, summarise, write_results, write_summary
from tools.sweeping.runs import Run, keeps_best, make_run

EXAMPLES = """examples:
  python tools/sweep.py bss/nvgesture-mini_bssl.py --grid custom_hooks.0.scheduler.beta=0.2,0.6,1 \\
      --seeds 0,1,2 --out work_dirs/sweep/beta
  python tools/sweep.py bss/nvgesture-mini_bssl.py --seeds 0,1,2 --test --out work_dirs/sweep/seeds
  python tools/sweep.py CONFIG --out DIR --processes 2 \\
      --grid model.head.alpha+custom_hooks.0.measurer.information.alpha=0.1,0.2,0.5

The same command again goes on where the last one was stopped. Exit status 1: a run failed.
"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description='Train a config over a grid of its keys and several seeds, each run in a '
        'process of its own; write a table of the runs, mean and spread per setting, a figure.',
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file: a path, or a name below configs/')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='folder for runs and results; the same folder continues a sweep')
    parser.add_argument('--grid', action='append', default=[], metavar='KEY=VALUE,VALUE,...',
                        help='a key of the config and its values, read as --cfg-options reads '
                        'them; KEY+KEY moves several keys together; repeat for more dimensions')
    parser.add_argument('--metric', default='acc/fused',
                        help='measure of the figure and of summary.md (default: acc/fused)')
    parser.add_argument('--test', action='store_true',
                        help='evaluate the selected checkpoint of each run on the test set')
    add_run_arguments(parser)
    return parser.parse_args(argv)


def plan(args: argparse.Namespace, axes: Sequence[Axis]) -> list[Run]:
    """Lay out all runs of a sweep.

    Args:
        args: Parsed arguments.
        axes: Axes of the grid.

    Returns:
        The runs, seeds changing fastest; their folders exist.

    Raises:
        ValueError: If there are no processes, or ``--out`` has runs of another config.
    """
    seeds = seeds_of(args)
    cfg = read_config(args.config, args.cfg_options or {})
    require_keys(cfg, keys_of(axes))
    cli.check_datasets(cfg, ('train_dataloader', 'val_dataloader'))
    return [make_run(setting, seed, cfg, args.out, metric=args.metric, test=args.test)
            for setting in settings_of(axes) for seed in seeds]


def selection_of(cfg: Config) -> str:
    """Say which validation the numbers are of.

    Args:
        cfg: Config of a run.

    Returns:
        One or two sentences.
    """
    if keeps_best(cfg):
        key = cfg.default_hooks.checkpoint.save_best
        sentence = f'Numbers are those of the epoch that is best on the validation set by {key}.'
    else:
        sentence = ('Numbers are those of the last epoch: the config keeps no best checkpoint '
                    '(default_hooks.checkpoint.save_best).')
    loaders = [(cfg.get(name) or {}).get('dataset') for name in ('val_dataloader',
                                                                 'test_dataloader')]
    if loaders[0] is not None and loaders[0] == loaders[1]:
        sentence += ' The config validates on its test set.'
    return sentence


def report(args: argparse.Namespace, axes: Sequence[Axis], runs: Sequence[Run],
           facts: dict[str, Any]) -> None:
    """Write tables and figure, and print the summary.

    Args:
        args: Parsed arguments.
        axes: Axes of the grid.
        runs: All runs.
        facts: What the summary is of.

    Raises:
        ValueError: If no run has the measure of ``--metric``.
    """
    results = [result for run in runs if (result := run.result()) is not None]
    if not results:
        return
    write_results(results, axes, args.out / 'results.csv')
    metric = chosen_metric(results, args.metric)
    facts['data_fingerprints'] = sorted({result['data_fingerprint'] for result in results})
    print(write_summary(summarise(results, settings_of(axes)), metric, facts, args.out))
    if axes:
        draw(results, axes, metric, args.out / 'figure.png')
    print(f'Written: {args.out}/results.csv, summary.csv, summary.json, summary.md'
          + (', figure.png' if axes else ''))


def main(argv: Sequence[str] | None = None) -> None:
    """Sweep.

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
        axes = parse_axes(args.grid)
        runs = plan(args, axes)
    failures = compute(args, runs)
    facts = dict(command=shlex.join(['python', 'tools/sweep.py', *argv]), config=args.config,
                 selection=selection_of(runs[0].cfg), failed=list(failures),
                 versions=versions())
    with cli.sentences_for_user_errors(args):
        report(args, axes, runs, facts)
    end_with_failures(failures, runs)


if __name__ == '__main__':
    main()
