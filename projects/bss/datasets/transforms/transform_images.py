"""Transforms of torchvision on the frames of a sample."""
from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS
from torchvision.transforms import InterpolationMode, v2

from projects.bss.functional import closest_name

_KNOWN = {name: part for name, part in inspect.getmembers(v2, inspect.isclass)
          if issubclass(part, v2.Transform) and part is not v2.Transform}


@TRANSFORMS.register_module()
class TransformImages(BaseTransform):
    """Apply transforms of ``torchvision.transforms.v2`` to all frames of a stream.

    A sample without that stream is left alone.

    One random draw serves all frames of a sample. Random numbers come from torch's global
    generator. Replaces ``inputs[modality]``, (C, T, H, W).

    Args:
        modality: Name of the stream.
        transforms: Transforms in their order: the name of the class of torchvision as ``type``, and
            its arguments. ``interpolation`` may be given by name (``'bicubic'``), and an argument
            ``transforms`` (as of ``RandomApply``) as such a list again.

    Raises:
        ValueError: If torchvision has no transform of that name.
    """

    def __init__(self, modality: str = 'video', transforms: Sequence[dict] = ()) -> None:
        self.modality = modality
        self.transforms = [_build(config) for config in transforms]

    def transform(self, results: dict) -> dict:
        """Transform the frames of one sample.

        Args:
            results: Holds ``inputs``, where the stream is an array or tensor (C, T, H, W).

        Returns:
            ``results`` with the stream as a tensor (C, T, H', W').
        """
        inputs = results.get('inputs', {})
        if self.modality in inputs:
            frames = torch.as_tensor(inputs[self.modality]).transpose(0, 1)
            for transform in self.transforms:
                frames = transform(frames)
            inputs[self.modality] = frames.transpose(0, 1)
        return results


def _build(config: dict) -> v2.Transform:
    arguments: dict[str, Any] = dict(config)
    name = arguments.pop('type', '')
    if name not in _KNOWN:
        raise ValueError(closest_name('transform of torchvision.transforms.v2', name, _KNOWN))
    if isinstance(arguments.get('interpolation'), str):
        arguments['interpolation'] = InterpolationMode(arguments['interpolation'])
    if 'transforms' in arguments:
        arguments['transforms'] = [_build(part) for part in arguments['transforms']]
    return _KNOWN[name](**arguments)
