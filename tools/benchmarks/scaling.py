"""Samples per second of several processes against one: training, and the pass that scores."""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from typing import Any

from mmengine.config import DictAction
from mmengine.hooks import Hook
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from projects.bss.engine import BSSHook
from projects.bss.processes import build_runner, end_processes, prepare_processes
from tools.benchmarks.configs import read_config
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = 'training and scoring of BSS-L by several processes of one machine against one process'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--bss', default='bss/nvgesture-mini_bssl.py', metavar='CONFIG',
                        help='config whose first custom hook is BSSHook; its batch size is that of '
                        'all processes together (default: %(default)s)')
    parser.add_argument('--processes', type=int, nargs='+', default=[1, 2, 4],
                        help='numbers of processes, the first is the baseline (default: 1 2 4)')
    parser.add_argument('--epochs', type=int, default=2,
                        help='epochs of a run; the first step of each is not timed (default: 2)')
    parser.add_argument('--repeats', type=int, default=3,
                        help='paired repetitions (default: 3)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        default={}, help='changes to the config')


def run(args: argparse.Namespace) -> Report:
    """Train with all numbers of processes again and again, in turn.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    taken: dict[int, list[dict]] = {count: [] for count in args.processes}
    for repeat in range(args.repeats):
        for count in args.processes:
            taken[count].append(train_together(args, count))
            print(f'repetition {repeat + 1} of {args.repeats}, {count}: {taken[count][-1]}',
                  file=sys.stderr)
    rows = [_row(count, runs, args.processes[0], taken[args.processes[0]])
            for count, runs in taken.items()]
    return Report('scaling', f'Compares {PURPOSE}: {args.bss}.', rows, [
        'One batch size for all processes together, so all rows train the same batches. gloo on a '
        'CPU, NCCL where there are GPUs.',
        'efficiency: samples per second over those of the baseline and the number of processes. '
        'It falls below one over the processes per core as soon as there are more processes than '
        'cores; cpu_efficiency (CPU time of all processes of the baseline over that of the row) '
        'says what several processes cost by themselves.',
        'scored_share: part of the training set that one process measures in a pass. '
        'scoring_efficiency is that of the time of the pass.'])


def train_together(args: argparse.Namespace, count: int) -> dict[str, float]:
    """Train once by several processes, as ``torchrun`` starts them.

    Args:
        args: Parsed options.
        count: Number of processes.

    Returns:
        Samples per second and seconds of scoring of the whole group, CPU seconds of all processes
        together, and the largest share of the training set that one of them scored.
    """
    config = LaunchConfig(min_nodes=1, max_nodes=1, nproc_per_node=count, run_id='scaling',
                          rdzv_backend='c10d', rdzv_endpoint='localhost:0')
    with tempfile.TemporaryDirectory() as folder:
        ranks = elastic_launch(config, train)(args, count, folder)
    told = list(ranks.values())
    return dict(rate=told[0]['rate'], scoring=told[0]['scoring'],
                cpu=sum(rank['cpu'] for rank in told), share=max(rank['share'] for rank in told))


def train(args: argparse.Namespace, count: int, folder: str) -> dict[str, float]:
    """Be one of the processes.

    Args:
        args: Parsed options.
        count: Number of processes.
        folder: Work directory.

    Returns:
        Samples per second of the group, seconds of scoring, CPU seconds after the first step, and
        the share of the training set that this process scored.
    """
    cfg = read_config(args.bss, args.cfg_options)
    cfg.train_cfg.update(max_epochs=args.epochs, val_begin=args.epochs + 1)
    cfg.default_hooks.checkpoint, cfg.log_level = None, 'WARNING'
    cfg.launcher, cfg.work_dir = 'pytorch', folder
    batch_size = cfg.train_dataloader.batch_size
    if batch_size % count:
        raise ValueError(f'The batch of {batch_size} samples cannot be shared by {count} '
                         'processes: set --cfg-options train_dataloader.batch_size=N.')
    cfg.train_dataloader.batch_size = batch_size // count
    prepare_processes(cfg, local_rank=0)
    runner = build_runner(cfg)
    clock = StepClock()
    runner.register_hook(clock)
    runner.train()
    hook = next(hook for hook in runner.hooks if isinstance(hook, BSSHook))
    scored = len(hook.source.loader.sampler) / len(hook.table)
    end_processes()
    return dict(rate=clock.samples * count / clock.seconds, scoring=hook.scoring_seconds,
                cpu=clock.cpu_seconds, share=scored)


class StepClock(Hook):
    """Time all steps but the first of each epoch, in wall time and in CPU time."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.samples, self.seconds, self.cpu_seconds = 0, 0.0, 0.0

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None,
                         outputs: Any = None) -> None:
        """Stop and start anew."""
        wall, cpu = time.perf_counter(), sum(os.times()[:4])
        if batch_idx:
            self.samples += len(data_batch['data_samples'])
            self.seconds += wall - self._wall
            self.cpu_seconds += cpu - self._cpu
        self._wall, self._cpu = wall, cpu


def _row(count: int, runs: list[dict], first: int, baseline: list[dict]) -> dict[str, Any]:

    def gain(key: str, per_process: float) -> dict[str, float]:
        return paired_ratio([per_process * run[key] for run in runs],
                            [base[key] for base in baseline])

    return dict(
        processes=count,
        samples_per_second=spread([run['rate'] for run in runs]),
        efficiency=gain('rate', first / count),
        cpu_efficiency=spread([base['cpu'] / run['cpu'] for run, base in zip(runs, baseline)]),
        scored_share=runs[0]['share'],
        scoring_efficiency=spread([first * base['scoring'] / (count * run['scoring'])
                                   for run, base in zip(runs, baseline)]))
