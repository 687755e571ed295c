"""What scoring costs: BSS-L and BSS-H against plain shuffling, the same model and data."""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.runner import Runner

from projects.bss.engine import BSSHook
from tools.benchmarks.configs import read_config
from tools.benchmarks.processes import in_fresh_process
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = ("training time of BSS-L, source='pass' and source='train', and of BSS-H, against plain "
           'shuffling')
_ARMS = ('vanilla', 'pass', 'half', 'train', 'bssh')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--vanilla', default='fusion/nvgesture-mini_multihead.py', metavar='CONFIG',
                        help='config without BSS (default: %(default)s)')
    parser.add_argument('--bss', default='bss/nvgesture-mini_bssl.py', metavar='CONFIG',
                        help='config whose first custom hook is BSSHook (default: %(default)s)')
    parser.add_argument('--bssh', default='bss/nvgesture-mini_bssh.py', metavar='CONFIG',
                        help='the same of BSS-H (default: %(default)s)')
    parser.add_argument('--epochs', type=int, default=5,
                        help='epochs of a run; a multiple of the interval of BSS-L holds exactly '
                        'as many passes as a long run does on average (default: 5)')
    parser.add_argument('--repeats', type=int, default=5,
                        help='paired repetitions (default: 5)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        default={}, help='changes to both configs')


def run(args: argparse.Namespace) -> Report:
    """Train all arms again and again, in turn.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    taken: dict[str, list[dict]] = {arm: [] for arm in _ARMS}
    for repeat in range(args.repeats):
        # Another arm goes first each time, so that drift of the machine favours none.
        for arm in _ARMS[repeat % len(_ARMS):] + _ARMS[:repeat % len(_ARMS)]:
            taken[arm].append(in_fresh_process(train, args, arm))
            print(f'repetition {repeat + 1} of {args.repeats}, {arm}: {taken[arm][-1]}',
                  file=sys.stderr)
    return Report('scoring', f'Compares the {PURPOSE}.', [_row(arm, taken) for arm in _ARMS], [
        f'Each run trains {args.epochs} epochs in a process of its own, without validation and '
        'checkpoints; imports and building are not counted, the initial scoring is.',
        'CPU time is user and system time of the process and its loader workers; it is less '
        'disturbed by other processes than wall time.',
        'within_run_ratio: wall time of a run over the same without the calls that score (the '
        'pass, or what is done with each training batch). Both are of one run, so it is the '
        'figure that other processes disturb least.',
        'half is the pass in bfloat16, beside training in float32.',
        'bssh scores once, before the first epoch, and its epochs begin with a share of the data: '
        'its run is shorter than that of vanilla, and its within_run_ratio falls with the number '
        'of epochs.',
        'The other ratios are taken within a repetition. Entries are medians, with the smallest '
        'and the largest.'])


def config_of(args: argparse.Namespace, arm: str) -> Config:
    """Read the config of an arm and reduce it to training.

    Args:
        args: Parsed options.
        arm: ``'vanilla'``, ``'pass'``, ``'half'``, ``'train'`` or ``'bssh'``.

    Returns:
        The config.
    """
    configs = dict(vanilla=args.vanilla, bssh=args.bssh)
    cfg = read_config(configs.get(arm, args.bss), args.cfg_options)
    # The validation loader stays, because the scoring pass takes its batch size; it never runs.
    cfg.train_cfg.update(max_epochs=args.epochs, val_begin=args.epochs + 1)
    cfg.default_hooks.checkpoint = None
    cfg.log_level = 'WARNING'
    if arm == 'half':
        hook = cfg.custom_hooks[0]
        hook.scoring = dict(hook.get('scoring') or {}, dtype='bfloat16')
    if arm == 'train':
        cfg.custom_hooks[0].source = 'train'
        cfg.custom_hooks[0].pop('scoring', None)
    return cfg


def train(args: argparse.Namespace, arm: str) -> dict[str, float]:
    """Train once, in a temporary work directory.

    Args:
        args: Parsed options.
        arm: ``'vanilla'``, ``'pass'``, ``'half'``, ``'train'`` or ``'bssh'``.

    Returns:
        Seconds of wall time and of CPU time, and the wall time over that without scoring.
    """
    cfg = config_of(args, arm)
    with tempfile.TemporaryDirectory() as folder:
        cfg.work_dir = folder
        runner = Runner.from_cfg(cfg)
        spent = _timed_scoring(runner)
        wall, cpu = time.perf_counter(), _cpu_seconds()
        runner.train()
        wall = time.perf_counter() - wall
        # Persistent workers are counted once they have ended.
        runner.train_dataloader._iterator = None
        return dict(wall=wall, cpu=_cpu_seconds() - cpu, within=wall / (wall - sum(spent)))


def _timed_scoring(runner: Runner) -> list[float]:
    """Time every call of the score source of a run, if it has one, into a list that is returned."""
    spent: list[float] = []

    def timed(method: Callable[..., None]) -> Callable[..., None]:
        def call(*args: Any) -> None:
            started = time.perf_counter()
            method(*args)
            spent.append(time.perf_counter() - started)
        return call

    for hook in runner.hooks:
        if isinstance(hook, BSSHook):
            for name in ('refresh', 'observe'):
                setattr(hook.source, name, timed(getattr(hook.source, name)))
    return spent


def _row(arm: str, taken: dict[str, list[dict]]) -> dict[str, Any]:
    row: dict[str, Any] = dict(arm=arm)
    for clock in ('wall', 'cpu'):
        seconds = {name: [run[clock] for run in runs] for name, runs in taken.items()}
        row[f'{clock}_seconds'] = spread(seconds[arm])
        row[f'{clock}_ratio'] = paired_ratio(seconds[arm], seconds['vanilla'])
    row['within_run_ratio'] = spread([run['within'] for run in taken[arm]])
    return row


def _cpu_seconds() -> float:
    return sum(os.times()[:4])
