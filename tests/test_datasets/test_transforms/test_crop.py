"""Choice of the crop."""
from __future__ import annotations

import numpy as np
import pytest

from projects.bss.datasets import SampleCrop
from projects.bss.datasets.geometry import Geometry


def test_the_centre_crop() -> None:
    assert SampleCrop()({})['geometry'] == Geometry((256, 256), 16, 16, (224, 224), False)
    assert SampleCrop(resize=(10, 13), size=[4, 6])({})['geometry'] \
        == Geometry((10, 13), 3, 3, (4, 6), False)


def test_random_crops_reach_every_border() -> None:
    np.random.seed(0)
    transform = SampleCrop(resize=12, size=10, random=True)
    corners = {(drawn.top, drawn.left) for drawn in (transform({})['geometry'] for _ in range(200))}
    assert corners == {(top, left) for top in range(3) for left in range(3)}


def test_flips_have_their_probability() -> None:
    np.random.seed(0)
    flips = {probability: np.mean([SampleCrop(flip_prob=probability)({})['geometry'].flip
                                   for _ in range(1000)]) for probability in (0, 0.3, 1)}
    assert flips[0] == 0 and flips[1] == 1
    assert abs(flips[0.3] - 0.3) < 0.05


def test_without_flips_no_number_is_drawn() -> None:
    np.random.seed(0)
    before = np.random.get_state()[2]
    SampleCrop()({})
    assert np.random.get_state()[2] == before


@pytest.mark.parametrize('arguments, message', [
    (dict(resize=100), r'size must be positive and at most resize \(100, 100\), got \(224, 224\)'),
    (dict(size=(10, 0)), r'got \(10, 0\)'),
    (dict(flip_prob=1.5), r'flip_prob must lie in \[0, 1\], got 1.5'),
])
def test_arguments_are_checked(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SampleCrop(**arguments)
