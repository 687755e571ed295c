"""Samples per second of a loading pipeline in one process, against the plain way."""
from __future__ import annotations

import argparse
import copy
import itertools
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import cv2
import torch
from mmengine.config import Config, DictAction
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope
from torch.utils.data import DataLoader, Dataset

from tools.benchmarks.configs import read_config
from tools.benchmarks.plain import PlainPipeline
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = 'training pipeline of a config against loading and transforming item by item'
_CACHE_GIGABYTES = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--config', default='fusion/nvgesture-mini_multihead.py',
                        help='config whose training set is read (default: %(default)s)')
    parser.add_argument('--clips', type=int, default=24,
                        help='at most so many samples are read (default: %(default)s)')
    parser.add_argument('--repeats', type=int, default=5,
                        help='paired repetitions (default: 5)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        default={}, help='changes to the config, e.g. '
                        'train_dataloader.dataset.data_root=DIR')


def run(args: argparse.Namespace) -> Report:
    """Read the same samples in all ways, in turn.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    cfg = read_config(args.config, args.cfg_options)
    dataset = build_dataset(cfg)
    positions = range(min(args.clips, len(dataset)))
    with tempfile.TemporaryDirectory() as folder, one_thread():
        # Before the cache is filled, so that it holds the frames that will be read.
        dataset.seed_views(seed=0, epoch=0)
        arms = contenders(cfg, dataset, Path(folder), positions)
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
        rounds = Rounds(arms, positions, args.repeats)
        for number, (name, taken) in enumerate(DataLoader(rounds, batch_size=None, num_workers=1)):
            seconds[name].append(taken)
            print(f'round {number + 1} of {len(rounds)}, {name}', file=sys.stderr)
    return Report('loading', f'Compares the {PURPOSE}: {args.config}.', _rows(seconds), [
        f'{len(positions)} samples, one worker process of a data loader and one thread, files in '
        'the page cache; two samples are read before each round. Random views are seeded as in '
        'training.',
        'Plain: OpenCV decodes the whole range of a video; PIL and torchvision resize, crop, '
        'convert and normalise each picture; flow is a float32 array, loaded whole; the spectrum '
        'of a sound is computed in the loader; the tokenizer of transformers is called on each '
        'text and pads it.',
        'The pipeline hands over bytes, waveforms and token ids. What the data preprocessor makes '
        'of them on the device is not in its time, but in that of the arm "with preprocessor", '
        'which runs it here on every sample.',
        'Texts have been tokenised before, as in every epoch but the first. '
        'Cached: decoded clips or pictures are mapped from the disk (cache=dict(...) of LoadClip '
        'and LoadImages).',
        'ratio is of samples per second, cpu_ratio of samples per second of processor time. '
        'Entries are medians, with the smallest and the largest.'])


def build_dataset(cfg: Config) -> Any:
    """Build the training set of a config.

    Args:
        cfg: The config.

    Returns:
        The data set.
    """
    init_default_scope(cfg.default_scope)
    return DATASETS.build(cfg.train_dataloader.dataset)


def contenders(cfg: Config, dataset: Any, folder: Path,
               positions: range) -> dict[str, Callable[[int], Any]]:
    """Set up the ways of loading a sample.

    Args:
        cfg: The config.
        dataset: Its training set.
        folder: Empty folder for files.
        positions: Positions of the samples that will be loaded.

    Returns:
        Functions of a position, by name; ``'cached'`` where the pipeline decodes videos or
        pictures.
    """
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    (folder / 'plain').mkdir()
    arms = dict(
        plain=PlainPipeline(cfg, dataset, folder / 'plain', positions).load,
        pipeline=dataset.__getitem__)
    arms['with preprocessor'] = lambda position: preprocessor(
        pseudo_collate([dataset[position]]), training=True)
    loaders = [part for part in cfg.train_dataloader.dataset.pipeline
               if part.type in ('LoadClip', 'LoadImages')]
    if loaders:
        loaders[0].cache = dict(folder=str(folder / 'clips'), max_gigabytes=_CACHE_GIGABYTES)
        cached = copy.copy(dataset)
        cached.pipeline = Compose(cfg.train_dataloader.dataset.pipeline)
        arms['cached'] = cached.__getitem__
        for position in positions:
            arms['cached'](position)
    return arms


class Rounds(Dataset):
    """Rounds of reading all samples in one way, each timed where it runs: in a worker.

    Args:
        arms: Functions of a position, by name.
        positions: Positions of the samples.
        repeats: How often each way has its turn.
    """

    def __init__(self, arms: dict[str, Callable[[int], Any]], positions: range,
                 repeats: int) -> None:
        self.arms, self.positions = arms, positions
        self.turns = list(arms) * repeats

    def __len__(self) -> int:
        return len(self.turns)

    def __getitem__(self, number: int) -> tuple[str, tuple[float, float]]:
        """Do one round.

        Args:
            number: Number of the round.

        Returns:
            Name of the way, and wall and processor seconds per sample.
        """
        name = self.turns[number]
        return name, _seconds_per_sample(self.arms[name], self.positions)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute as the worker process of a data loader does, which has one thread."""
    threads = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        torch.set_num_threads(threads[0])
        cv2.setNumThreads(threads[1])


def _rows(seconds: dict[str, list[tuple[float, float]]]) -> list[dict]:
    rates = {name: [[1 / value for value in clock] for clock in zip(*values)]
             for name, values in seconds.items()}
    return [dict(
        arm=name,
        samples_per_second=spread(wall),
        ratio=paired_ratio(wall, rates['plain'][0]),
        cpu_ratio=paired_ratio(cpu, rates['plain'][1])) for name, (wall, cpu) in rates.items()]


def _seconds_per_sample(load: Callable[[int], Any], positions: range) -> tuple[float, float]:
    for position in itertools.islice(positions, 2):
        load(position)
    wall, cpu = time.perf_counter(), time.process_time()
    for position in positions:
        load(position)
    return ((time.perf_counter() - wall) / len(positions),
            (time.process_time() - cpu) / len(positions))
