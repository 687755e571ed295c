"""Reading of the chosen frames."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.cached_video import CachedVideo
from projects.bss.datasets.clip_cache import ClipCache
from projects.bss.datasets.flow import FLOW_BOUND, dequantise_flow, quantise_flow, read_flow
from projects.bss.datasets.geometry import Geometry
from projects.bss.datasets.video import read_video

_CHANNELS = dict(
    rgb=lambda frame: cv2.cvtColor(frame, cv2.COLOR_BGR2RGB),
    bgr=lambda frame: frame,
    # Before the resize: a third of the work for the same pixels.
    gray=lambda frame: cv2.extractChannel(frame, 0))


@TRANSFORMS.register_module()
class LoadClip(BaseTransform):
    """Read the frames that ``SampleWindow`` chose, cropped as ``SampleCrop`` chose.

    By the ``format`` of a stream: ``'color'`` gives three channels, ``'gray'`` channel 0 of the
    decoded video, ``'flow'`` the two components of motion. Everything stays uint8, so that little
    memory moves before the device; the data preprocessor normalises.

    Adds ``inputs``: stream name -> (C, T, H, W).

    Args:
        bgr: Whether colour stays in the decoder's BGR order, as in the authors' code, instead of
            RGB.
        raw_flow: Whether flow becomes float32 in pixels, as in the authors' code, instead of
            uint8 with 127.5 for no motion.
        flow_bound: Displacement in pixels that 8-bit flow stores as 0 and 255.
        max_missing_frames: How many frames a file may be shorter than its annotation says; its
            last frame stands for them.
        cache: Arguments of a ``ClipCache`` (``folder``, ``max_gigabytes``) that keeps decoded
            videos, so that later epochs decode nothing; None decodes every time. The samples are
            the same.

    Raises:
        ValueError: If ``flow_bound`` is not positive, ``max_missing_frames`` negative or the limit
            of the cache not positive.
    """

    def __init__(self, bgr: bool = False, raw_flow: bool = False, flow_bound: float = FLOW_BOUND,
                 max_missing_frames: int = 8, cache: Mapping[str, Any] | None = None) -> None:
        if flow_bound <= 0 or max_missing_frames < 0:
            raise ValueError('flow_bound must be positive and max_missing_frames not negative, '
                             f'got {flow_bound} and {max_missing_frames}; correct them.')
        self.bgr, self.raw_flow, self.flow_bound = bgr, raw_flow, flow_bound
        self.max_missing_frames = max_missing_frames
        self.cache = None if cache is None else ClipCache(**cache)

    def transform(self, results: dict) -> dict:
        """Read one clip.

        Args:
            results: Holds ``modalities``, ``frames`` and ``geometry``.

        Returns:
            ``results`` with ``inputs``.

        Raises:
            UnreadableSampleError: If a file is corrupt or too short.
            KeyError: If a stream has a format that this transform does not read.
        """
        readers = dict(color=self._read_color, gray=self._read_gray, flow=self._read_flow)
        inputs = {}
        for name, numbers in results['frames'].items():
            stream = results['modalities'][name]
            if stream['format'] not in readers:
                raise KeyError(f'LoadClip reads the formats {tuple(readers)}, but stream {name!r} '
                               f'has {stream["format"]!r}; put its own loader into the pipeline.')
            inputs[name] = readers[stream['format']](stream, numbers, results['geometry'])
        results['inputs'] = results.get('inputs', {}) | inputs
        return results

    def _read_color(self, stream: dict, numbers: np.ndarray, geometry: Geometry) -> np.ndarray:
        return self._read_video(stream, numbers, geometry, 'bgr' if self.bgr else 'rgb')

    def _read_gray(self, stream: dict, numbers: np.ndarray, geometry: Geometry) -> np.ndarray:
        return self._read_video(stream, numbers, geometry, 'gray')

    def _read_video(self, stream: dict, numbers: np.ndarray, geometry: Geometry,
                    channels: str) -> np.ndarray:
        select = _CHANNELS[channels]
        if self.cache is not None:
            video = CachedVideo(self.cache, stream, channels, select)
            return video.read(numbers, geometry, self.max_missing_frames)
        return read_video(stream['path'], numbers, lambda frame: geometry.apply(select(frame)),
                          self.max_missing_frames)

    def _read_flow(self, stream: dict, numbers: np.ndarray, geometry: Geometry) -> np.ndarray:
        clip = _channels_first(read_flow(
            stream['path'], numbers, geometry, stream.get('layout', 'THWC'),
            self.max_missing_frames))
        if self.raw_flow:
            return dequantise_flow(clip, self.flow_bound) if clip.dtype == np.uint8 else clip
        return clip if clip.dtype == np.uint8 else quantise_flow(clip, self.flow_bound)


def _channels_first(clip: np.ndarray) -> np.ndarray:
    total, height, width, channels = clip.shape
    planes = np.empty((channels, total * height, width), clip.dtype)
    # Ten times as fast as copying a transposed view.
    cv2.split(clip.reshape(total * height, width, channels), list(planes))
    return planes.reshape(channels, total, height, width)
