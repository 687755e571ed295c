"""Samples per second that reach the training process, by the way in which batches are joined."""
from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset, default_collate

from projects.bss.datasets import stack_streams
from tools.benchmarks import loading
from tools.benchmarks.configs import read_config
from tools.benchmarks.plain import PlainPipeline
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = ('batches that a data loader hands over: a plain data set with PyTorch\'s collation, and '
           'the training pipeline of a config with those of mmengine and of this package')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    loading.add_arguments(parser)
    parser.set_defaults(config='bss/fashion_bssl.py', clips=200)
    parser.add_argument('--samples', type=int, default=1024,
                        help='samples of a round (default: 1024)')
    parser.add_argument('--workers', type=int, default=1,
                        help='worker processes, at least 1 (default: 1)')


def run(args: argparse.Namespace) -> Report:
    """Receive the same samples in all ways, in turn.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    cfg = read_config(args.config, args.cfg_options)
    taken: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, loading.one_thread():
        loaders = contenders(cfg, Path(folder), args)
        for repeat in range(args.repeats + 1):
            for name, loader in loaders.items():
                seconds = _seconds_per_sample(loader, args.samples)
                print(f'round {repeat} of {args.repeats}, {name}', file=sys.stderr)
                if repeat:  # The first round starts the workers.
                    taken.setdefault(name, []).append(seconds)
    return Report('delivery', f'Compares {PURPOSE}: {args.config}.', _rows(taken), [
        f'{args.samples} samples a round in batches of {cfg.train_dataloader.batch_size}, '
        f'{args.workers} worker, running before the round begins; files in the page cache.',
        'plain: what the arm of that name does in the benchmark of loading, with '
        "torch's default_collate. pseudo_collate and stack_streams join what the pipeline gives.",
        'ratio is of samples per second. receiving_us is processor time of the process that '
        'trains, per sample: time that it cannot spend on training.',
        'Entries are medians, with the smallest and the largest.'])


def contenders(cfg: Config, folder: Path, args: argparse.Namespace) -> dict[str, DataLoader]:
    """Set up the ways of joining batches.

    Args:
        cfg: The config.
        folder: Empty folder for files.
        args: Parsed options.

    Returns:
        Data loaders, by name.
    """
    dataset = loading.build_dataset(cfg)
    dataset.seed_views(seed=0, epoch=0)
    positions = range(min(args.clips, len(dataset)))
    plain = PlainPipeline(cfg, dataset, folder, positions).load

    def labelled(position: int) -> tuple[Any, int]:
        return plain(position), dataset.get_data_info(position)['gt_label']

    def loader(load: Callable[[int], Any], collate: Callable[..., Any]) -> DataLoader:
        return DataLoader(
            Repeated(load, positions, args.samples), cfg.train_dataloader.batch_size,
            num_workers=args.workers, persistent_workers=True, collate_fn=collate)

    return dict(plain=loader(labelled, default_collate),
                pseudo_collate=loader(dataset.__getitem__, pseudo_collate),
                stack_streams=loader(dataset.__getitem__, stack_streams))


class Repeated(Dataset):
    """Some samples again and again.

    Args:
        load: Function of a position that gives a sample.
        positions: Positions of the samples.
        length: Number of samples in all.
    """

    def __init__(self, load: Callable[[int], Any], positions: range, length: int) -> None:
        self.load, self.positions, self.length = load, positions, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Any:
        """Load a sample."""
        return self.load(self.positions[number % len(self.positions)])


def _seconds_per_sample(loader: DataLoader, samples: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in loader:
        pass
    return (time.perf_counter() - wall) / samples, (time.process_time() - cpu) / samples


def _rows(taken: dict[str, list[tuple[float, float]]]) -> list[dict]:
    rates = {name: [1 / wall for wall, _ in values] for name, values in taken.items()}
    return [dict(
        arm=name,
        samples_per_second=spread(rates[name]),
        ratio=paired_ratio(rates[name], rates['plain']),
        receiving_us=spread([1e6 * cpu for _, cpu in values])) for name, values in taken.items()]
