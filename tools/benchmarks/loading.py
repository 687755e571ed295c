"""Samples per second of a loading pipeline in one process, against the plain way."""
from __future__ import annotations

import argparse
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
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope

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
                        help='at most so many samples are read (default: 24)')
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
        arms = contenders(cfg, dataset, Path(folder), positions)
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in arms}
        for repeat in range(args.repeats):
            for name, load in arms.items():
                seconds[name].append(_seconds_per_sample(load, positions))
            print(f'repetition {repeat + 1} of {args.repeats}', file=sys.stderr)
    return Report('loading', f'Compares the {PURPOSE}: {args.config}.', _rows(seconds), [
        f'{len(positions)} samples, one process and one thread, files in the page cache; two '
        'samples are read before each round.',
        'Plain: OpenCV decodes the whole range of a video; PIL and torchvision resize, crop, '
        'convert and normalise each picture; flow is a float32 array, loaded whole; the spectrum '
        'of a sound is computed in the loader; the tokenizer of transformers is called on each '
        'text and pads it.',
        'The pipeline hands over bytes, waveforms and token ids. What the data preprocessor makes '
        'of them on the device is not in its time, but in that of the arm "with preprocessor", '
        'which runs it here on every sample.',
        'Texts have been tokenised before, as in every epoch but the first. '
        'Cached: decoded clips are mapped from the disk (LoadClip(cache=...)).',
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
        Functions of a position, by name; ``'cached'`` where the pipeline decodes videos.
    """
    preprocessor = MODELS.build(cfg.model.data_preprocessor)
    (folder / 'plain').mkdir()
    arms = dict(
        plain=PlainPipeline(cfg, dataset, folder / 'plain', positions).load,
        pipeline=dataset.__getitem__)
    arms['with preprocessor'] = lambda position: preprocessor(
        pseudo_collate([dataset[position]]), training=True)
    loaders = [part for part in cfg.train_dataloader.dataset.pipeline if part.type == 'LoadClip']
    if loaders:
        loaders[0].cache = dict(folder=str(folder / 'clips'), max_gigabytes=_CACHE_GIGABYTES)
        arms['cached'] = build_dataset(cfg).__getitem__
        for position in positions:
            arms['cached'](position)
    return arms


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
