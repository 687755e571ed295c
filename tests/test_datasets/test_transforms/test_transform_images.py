"""Transforms of torchvision on all frames of a sample alike."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import TRANSFORMS
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2

FRAME = np.random.default_rng(0).integers(0, 256, (3, 1, 20, 30), dtype=np.uint8)
CLIP = np.repeat(FRAME, 4, axis=1)


def transform(clip: Any, *transforms: dict) -> Tensor:
    part = TRANSFORMS.build(dict(type='TransformImages', transforms=transforms))
    return part(dict(inputs=dict(video=clip)))['inputs']['video']


def test_frames_keep_their_places_and_axes() -> None:
    clip = np.arange(3 * 2 * 4 * 5, dtype=np.uint8).reshape(3, 2, 4, 5)
    flipped = transform(clip, dict(type='RandomHorizontalFlip', p=1.0))
    assert np.array_equal(flipped.numpy(), clip[..., ::-1])
    assert np.array_equal(transform(torch.from_numpy(clip)).numpy(), clip)


@pytest.mark.parametrize('config', [
    dict(type='RandomResizedCrop', size=8), dict(type='RandomHorizontalFlip'),
    dict(type='RandAugment', num_ops=2, magnitude=7), dict(type='ColorJitter', brightness=0.5),
])
def test_one_draw_serves_all_frames(config: dict) -> None:
    outputs = set()
    for seed in range(8):
        torch.manual_seed(seed)
        found = transform(CLIP, config)
        assert found.dtype == torch.uint8 and found.shape[:2] == (3, 4)
        assert all(torch.equal(found[:, 0], found[:, number]) for number in (1, 2, 3))
        outputs.add(found.numpy().tobytes())
    assert len(outputs) > 1


def test_draws_come_from_the_global_stream_of_torch() -> None:
    config = dict(type='RandomResizedCrop', size=8)
    torch.manual_seed(3)
    first = transform(CLIP, config)
    torch.manual_seed(3)
    assert torch.equal(transform(CLIP, config), first)


def test_interpolation_is_given_by_name() -> None:
    found = transform(FRAME, dict(type='Resize', size=[10, 10], interpolation='bicubic'))
    frame = torch.from_numpy(FRAME[:, 0])
    assert torch.equal(found[:, 0], v2.Resize([10, 10], InterpolationMode.BICUBIC)(frame))
    assert not torch.equal(found[:, 0], v2.Resize([10, 10])(frame))


def test_transforms_nest() -> None:
    flip = dict(type='RandomHorizontalFlip', p=1.0)
    found = transform(CLIP, dict(type='RandomApply', p=1.0, transforms=[flip]))
    assert np.array_equal(found.numpy(), CLIP[..., ::-1])


def test_a_sample_without_the_stream_is_left_alone() -> None:
    part = TRANSFORMS.build(dict(type='TransformImages', modality='image'))
    assert part(dict(inputs=dict(audio=1))) == dict(inputs=dict(audio=1))


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="Unknown transform of torchvision.transforms.v2 "
                                         "'RandomResizeCrop'. Did you mean 'RandomResizedCrop'"):
        transform(CLIP, dict(type='RandomResizeCrop', size=8))
