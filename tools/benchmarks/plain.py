"""Loading as a first script does it: item by item, every number a float, ready for the network."""
from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile
import soxr
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from PIL import Image
from torch import Tensor
from torchvision.transforms import functional as transforms

from projects.bss.datasets import (CleanText, LoadAudio, LoadImages, SampleCrop, SampleWindow,
                                   Tokenize, TransformImages)
from projects.bss.datasets.flow import dequantise_flow
from projects.bss.datasets.geometry import Geometry


class PlainPipeline:
    """Load samples in the plain way.

    Windows, crops, frames and texts are chosen by the transforms of the library, so that both ways
    read the same.

    Args:
        cfg: Config of the model, whose data preprocessor names mean, deviation and the like.
        dataset: Data set whose pipeline makes the choices.
        folder: Empty folder for what the plain way has on disk.
        positions: Positions of the samples that will be loaded.
    """

    def __init__(self, cfg: Config, dataset: Any, folder: Path, positions: range) -> None:
        self.dataset = dataset
        parts = dataset.pipeline.transforms
        self.choices = [part for part in parts
                        if isinstance(part, (SampleWindow, SampleCrop, CleanText))]
        self.readers: dict[str, PlainReader] = {}
        for name, stream in dataset.get_data_info(0)['modalities'].items():
            own = [part for part in parts if getattr(part, 'modality', None) == name]
            preprocessor = cfg.model.data_preprocessor.preprocessors[name]
            self.readers[name] = READERS[stream['format']](own, preprocessor, folder)
            for position in positions:
                self.readers[name].prepare(dataset.get_data_info(position)['modalities'][name])

    def load(self, position: int) -> dict[str, Tensor]:
        """Load one sample.

        Args:
            position: Position of the sample.

        Returns:
            What the network takes of it, by stream.
        """
        sample = copy.deepcopy(self.dataset.get_data_info(position))
        for choice in self.choices:
            sample = choice(sample)
        return {name: reader.read(sample, name) for name, reader in self.readers.items()}


class PlainReader(ABC):
    """Reader of one stream.

    Args:
        parts: Transforms of the library's pipeline that serve this stream alone.
        preprocessor: Config of the stream's data preprocessor.
        folder: Where files may be written.
    """

    def __init__(self, parts: list[Any], preprocessor: Config, folder: Path) -> None:
        self.parts, self.preprocessor, self.folder = parts, preprocessor, folder

    def prepare(self, stream: dict) -> None:
        """Write what the plain way has on disk; nothing but for flow."""

    @abstractmethod
    def read(self, sample: dict, name: str) -> Tensor:
        """Load the stream ``name`` of a sample."""

    def part(self, kind: type) -> Any:
        """Give the transform of a class."""
        return next(part for part in self.parts if isinstance(part, kind))


class PlainVideo(PlainReader):
    """OpenCV decodes the whole range, then each frame of the window goes through PIL."""

    def read(self, sample: dict, name: str) -> Tensor:
        """Load float32 (C, T, H, W)."""
        stream, geometry = sample['modalities'][name], sample['geometry']
        mode = 'RGB' if stream['format'] == 'color' else 'L'
        pictures = list(_decode_range(stream))
        numbers = np.minimum(sample['frames'][name] - stream['start'], len(pictures) - 1)
        return torch.stack([self._frame(Image.fromarray(pictures[number]).convert(mode), geometry)
                            for number in numbers], dim=1)

    def _frame(self, picture: Image.Image, geometry: Geometry) -> Tensor:
        picture = picture.resize(geometry.resize[::-1], Image.Resampling.BILINEAR)
        picture = transforms.crop(picture, geometry.top, geometry.left, *geometry.size)
        return _normalised(picture, self.preprocessor)


class PlainFlow(PlainReader):
    """Flow is a float32 array, loaded whole."""

    def prepare(self, stream: dict) -> None:
        """Write the flow of a clip as float32."""
        stored = np.load(stream['path'])
        flow = dequantise_flow(stored) if stored.dtype == np.uint8 else stored
        np.save(self._file(stream), flow)

    def read(self, sample: dict, name: str) -> Tensor:
        """Load float32 (2, T, H, W)."""
        stream, geometry = sample['modalities'][name], sample['geometry']
        fields = np.load(self._file(stream))
        if stream.get('layout', 'THWC') == 'HWCT':
            fields = fields.transpose(3, 0, 1, 2)
        clip = [cv2.resize(fields[number], geometry.resize[::-1])[geometry.window]
                for number in np.minimum(sample['frames'][name], len(fields) - 1)]
        return torch.stack([torch.from_numpy(field).permute(2, 0, 1) / 20 for field in clip], dim=1)

    def _file(self, stream: dict) -> Path:
        return self.folder / f'{hashlib.sha256(stream["path"].encode()).hexdigest()}.npy'


class PlainSound(PlainReader):
    """The whole file is resampled and extended, and transformed in the loader."""

    def __init__(self, parts: list[Any], preprocessor: Config, folder: Path) -> None:
        super().__init__(parts, preprocessor, folder)
        self.transform = MODELS.build(preprocessor)

    def read(self, sample: dict, name: str) -> Tensor:
        """Load the float32 spectrogram or filter bank (1, F, T) of the beginning of a sound."""
        loader = self.part(LoadAudio)
        sound, rate = soundfile.read(sample['modalities'][name]['path'], dtype='float32')
        sound = soxr.resample(sound, rate, loader.sample_rate)
        length = round(loader.seconds * loader.sample_rate)
        sound = np.clip(np.tile(sound, -(-length // len(sound)))[:length], -1, 1)
        return self.transform.preprocess([torch.from_numpy(sound)], None)[0][0]


class PlainPictures(PlainReader):
    """PIL decodes each picture, torchvision transforms it."""

    def read(self, sample: dict, name: str) -> Tensor:
        """Load float32 (C, T, H, W)."""
        return torch.stack([self._picture(path) for path in self.part(LoadImages).files(
            sample['modalities'][name])], dim=1)

    def _picture(self, path: str) -> Tensor:
        with Image.open(path) as file:
            picture = file.convert('RGB')
        for part in self.parts:
            for transform in part.transforms if isinstance(part, TransformImages) else ():
                picture = transform(picture)
        return _normalised(picture, self.preprocessor)


class PlainText(PlainReader):
    """The tokenizer of transformers is called on each text and pads it."""

    def __init__(self, parts: list[Any], preprocessor: Config, folder: Path) -> None:
        super().__init__(parts, preprocessor, folder)
        from transformers import BertTokenizerFast
        self.tokenizer = BertTokenizerFast.from_pretrained(self.part(Tokenize).tokenizer)

    def read(self, sample: dict, name: str) -> Tensor:
        """Load int64 (max_length,)."""
        return self.tokenizer(
            sample['modalities'][name]['text'], padding='max_length', truncation=True,
            max_length=self.part(Tokenize).max_length, return_tensors='pt')['input_ids'][0]


READERS: dict[str, type[PlainReader]] = dict(
    color=PlainVideo, gray=PlainVideo, flow=PlainFlow, audio=PlainSound, frames=PlainPictures,
    image=PlainPictures, text=PlainText)


def _normalised(picture: Image.Image, preprocessor: Config) -> Tensor:
    mean, std = ([value / 255 for value in preprocessor[key]] for key in ('mean', 'std'))
    return transforms.normalize(transforms.to_tensor(picture), mean, std)


def _decode_range(stream: dict) -> Iterator[np.ndarray]:
    capture = cv2.VideoCapture(stream['path'])
    capture.set(cv2.CAP_PROP_POS_FRAMES, stream['start'])
    for _ in range(stream['start'], stream['end']):
        decoded, frame = capture.read()
        if not decoded:
            break
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    capture.release()
