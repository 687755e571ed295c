"""Resize, crop and flip of one picture."""
from __future__ import annotations

import cv2
import numpy as np

from projects.bss.datasets.geometry import Geometry


def test_resize_then_crop_then_flip() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    geometry = Geometry(resize=(16, 20), top=3, left=5, size=(8, 9), flip=True)
    expected = cv2.resize(picture, (20, 16))[3:11, 5:14][:, ::-1]
    np.testing.assert_array_equal(geometry.apply(picture), expected)


def test_a_picture_of_the_right_size_is_only_cropped() -> None:
    picture = np.arange(12).reshape(3, 4)
    cropped = Geometry((3, 4), top=1, left=2, size=(2, 2)).apply(picture)
    assert cropped.tolist() == [[6, 7], [10, 11]]
