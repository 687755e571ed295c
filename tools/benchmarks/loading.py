"""Samples per second of a gesture pipeline in one process, against the plain way."""
from __future__ import annotations

import argparse
import copy
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import DictAction
from mmengine.registry import DATASETS, init_default_scope
from PIL import Image
from torchvision.transforms import functional as transforms

from projects.bss.datasets.flow import dequantise_flow
from projects.bss.datasets.geometry import Geometry
from tools.benchmarks.configs import read_config
from tools.benchmarks.report import Report, paired_ratio, spread

PURPOSE = "training pipeline of a gesture config against decoding and transforming frame by frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: Parser of this benchmark.
    """
    parser.add_argument('--config', default='fusion/nvgesture-mini_multihead.py',
                        help='config whose training set is read (default: %(default)s)')
    parser.add_argument('--clips', type=int, default=24,
                        help='at most so many clips are read (default: 24)')
    parser.add_argument('--repeats', type=int, default=5,
                        help='paired repetitions (default: 5)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        default={}, help='changes to the config, e.g. '
                        'train_dataloader.dataset.data_root=DIR')


def run(args: argparse.Namespace) -> Report:
    """Read the same clips in both ways, in turn.

    Args:
        args: Parsed options.

    Returns:
        The report.
    """
    dataset = build_dataset(args)
    clips = range(min(args.clips, len(dataset)))
    with tempfile.TemporaryDirectory() as folder:
        plain = PlainPipeline(dataset, Path(folder), clips)
        arms: dict[str, Callable[[int], Any]] = dict(
            plain=plain.load, pipeline=dataset.__getitem__)
        rates: dict[str, list[float]] = {name: [] for name in arms}
        for repeat in range(args.repeats):
            for name, load in arms.items():
                rates[name].append(_samples_per_second(load, clips))
            print(f'repetition {repeat + 1} of {args.repeats}', file=sys.stderr)
    rows = [dict(
        arm=name,
        samples_per_second=spread(rates[name]),
        ratio=paired_ratio(rates[name], rates['plain'])) for name in arms]
    return Report('loading', f'Compares the {PURPOSE}: {args.config}.', rows, [
        f'{len(clips)} clips, one process, files in the page cache; two clips are read before '
        'each round.',
        'Plain: OpenCV decodes the whole frame range, PIL resizes and torchvision crops, converts '
        'and normalises each frame of the window; flow is a float32 array, loaded whole.',
        'The pipeline hands over uint8; normalisation waits for the device and is not in its time.',
        'Entries are medians, with the smallest and the largest.'])


def build_dataset(args: argparse.Namespace) -> Any:
    """Build the training set of a config.

    Args:
        args: Parsed options.

    Returns:
        The data set.
    """
    cfg = read_config(args.config, args.cfg_options)
    init_default_scope(cfg.default_scope)
    return DATASETS.build(cfg.train_dataloader.dataset)


class PlainPipeline:
    """Load clips as a first script would: every frame a picture, every number a float.

    Window and crop are drawn by the library's pipeline, so both read the same.

    Args:
        dataset: Data set whose pipeline starts with the choice of window and crop.
        folder: Empty folder for flow as float32.
        clips: Positions of the clips whose flow is written there.
    """

    def __init__(self, dataset: Any, folder: Path, clips: range) -> None:
        self.dataset = dataset
        self.choices = dataset.pipeline.transforms[:2]
        self.folder = folder
        for position in clips:
            for stream in dataset.get_data_info(position)['modalities'].values():
                if stream['format'] == 'flow':
                    stored = np.load(stream['path'])
                    flow = dequantise_flow(stored) if stored.dtype == np.uint8 else stored
                    np.save(folder / f'{position}.npy', flow)

    def load(self, position: int) -> dict[str, torch.Tensor]:
        """Load one clip.

        Args:
            position: Position of the clip.

        Returns:
            float32 tensors (C, T, H, W) by stream.
        """
        sample = copy.deepcopy(self.dataset.get_data_info(position))
        for choice in self.choices:
            sample = choice(sample)
        clips = {}
        for name, stream in sample['modalities'].items():
            fields = (self._flow(position, stream, sample['frames'][name], sample['geometry'])
                      if stream['format'] == 'flow'
                      else self._frames(stream, sample['frames'][name], sample['geometry']))
            clips[name] = torch.stack(list(fields), dim=1)
        return clips

    def _frames(self, stream: dict, numbers: np.ndarray,
                geometry: Geometry) -> Iterator[torch.Tensor]:
        mode = 'RGB' if stream['format'] == 'color' else 'L'
        mean, std = (([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) if mode == 'RGB'
                     else ([0.0], [1.0]))
        pictures = list(_decode_range(stream))
        for number in np.minimum(numbers - stream['start'], len(pictures) - 1):
            picture = Image.fromarray(pictures[number]).convert(mode)
            picture = picture.resize(geometry.resize[::-1], Image.Resampling.BILINEAR)
            picture = transforms.crop(picture, geometry.top, geometry.left, *geometry.size)
            yield transforms.normalize(transforms.to_tensor(picture), mean, std)

    def _flow(self, position: int, stream: dict, numbers: np.ndarray,
              geometry: Geometry) -> Iterator[torch.Tensor]:
        fields = np.load(self.folder / f'{position}.npy')
        if stream.get('layout', 'THWC') == 'HWCT':
            fields = fields.transpose(3, 0, 1, 2)
        for number in np.minimum(numbers, len(fields) - 1):
            field = cv2.resize(fields[number], geometry.resize[::-1])[geometry.window]
            yield torch.from_numpy(field).permute(2, 0, 1) / 20


def _decode_range(stream: dict) -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(stream['path'])
    capture.set(cv2.CAP_PROP_POS_FRAMES, stream['start'])
    for _ in range(stream['start'], stream['end']):
        decoded, frame = capture.read()
        if not decoded:
            break
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    capture.release()


def _samples_per_second(load: Callable[[int], Any], clips: range) -> float:
    for position in itertools.islice(clips, 2):
        load(position)
    started = time.perf_counter()
    for position in clips:
        load(position)
    return len(clips) / (time.perf_counter() - started)
