"""Storage and reading of flow."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from projects.bss.datasets import UnreadableSampleError
from projects.bss.datasets.flow import dequantise_flow, mirror_flow, quantise_flow, read_flow
from projects.bss.datasets.geometry import Geometry

WHOLE = Geometry(resize=(6, 8), top=0, left=0, size=(6, 8))


@pytest.fixture
def fields() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (10, 6, 8, 2), dtype=np.uint8)


@pytest.mark.parametrize('pixels, stored', [
    (-20, 0), (20, 255), (0, 128), (-30, 0), (30, 255), (10, 191), (-10, 64), (1, 134), (-1, 121)])
def test_quantisation_by_hand(pixels: float, stored: int) -> None:
    assert quantise_flow(np.array(pixels, np.float32)) == stored


def test_quantisation_loses_at_most_half_a_step() -> None:
    flow = np.random.default_rng(0).uniform(-20, 20, 10_000).astype(np.float32)
    error = np.abs(dequantise_flow(quantise_flow(flow)) - flow)
    assert error.max() <= 20 / 255 + 1e-5
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(quantise_flow(dequantise_flow(every)), every)


def test_the_bound_scales_the_steps() -> None:
    assert quantise_flow(np.array([-4., 2.]), bound=4).tolist() == [0, 191]
    np.testing.assert_allclose(dequantise_flow(np.array([0, 255], np.uint8), bound=4), [-4, 4])


def test_mirroring_negates_the_horizontal_component() -> None:
    flow = np.array([[[3., -2.], [-1., 5.]]], np.float32)
    assert mirror_flow(flow).tolist() == [[[-3, -2], [1, 5]]]
    stored = quantise_flow(flow)
    np.testing.assert_array_equal(mirror_flow(stored), quantise_flow(mirror_flow(flow)))
    assert flow[0, 0, 0] == 3


@pytest.mark.parametrize('layout, axes', [('THWC', (0, 1, 2, 3)), ('HWCT', (1, 2, 3, 0))])
def test_crop_and_frames_are_read_in_either_layout(tmp_path: Path, fields: np.ndarray,
                                                   layout: str, axes: tuple) -> None:
    np.save(tmp_path / 'a.npy', fields.transpose(axes))
    geometry = Geometry(resize=(6, 8), top=1, left=2, size=(4, 5))
    clip = read_flow(str(tmp_path / 'a.npy'), np.array([3, 4, 7]), geometry, layout)
    np.testing.assert_array_equal(clip, fields[[3, 4, 7], 1:5, 2:7])


def test_a_flipped_crop_is_the_mirror_image(tmp_path: Path, fields: np.ndarray) -> None:
    np.save(tmp_path / 'a.npy', fields)
    geometry = Geometry(resize=(6, 8), top=1, left=2, size=(4, 5), flip=True)
    clip = read_flow(str(tmp_path / 'a.npy'), np.array([0, 1]), geometry)
    expected = fields[:2, 1:5, 2:7][:, :, ::-1].copy()
    expected[..., 0] = 255 - expected[..., 0]
    np.testing.assert_array_equal(clip, expected)


def test_another_size_is_resized_and_keeps_its_values(tmp_path: Path, fields: np.ndarray) -> None:
    np.save(tmp_path / 'a.npy', fields)
    geometry = Geometry(resize=(12, 16), top=2, left=3, size=(8, 9), flip=True)
    clip = read_flow(str(tmp_path / 'a.npy'), np.array([5]), geometry)
    expected = cv2.resize(fields[5], (16, 12))[2:10, 3:12][:, ::-1].copy()
    expected[..., 0] = 255 - expected[..., 0]
    np.testing.assert_array_equal(clip[0], expected)


def test_a_short_file_is_continued_with_its_last_field(tmp_path: Path, fields: np.ndarray) -> None:
    path = str(tmp_path / 'a.npy')
    np.save(path, fields)
    clip = read_flow(path, np.array([8, 9, 10, 11]), WHOLE, max_missing=2)
    np.testing.assert_array_equal(clip, fields[[8, 9, 9, 9]])
    with pytest.raises(UnreadableSampleError, match='lacks 3 of the flow fields 9 to 12'):
        read_flow(path, np.array([9, 10, 11, 12]), WHOLE, max_missing=2)


@pytest.mark.parametrize('array', [
    np.zeros((10, 6, 8, 3), np.uint8), np.zeros((6, 8, 2), np.uint8),
    np.zeros((10, 6, 8, 2), np.int32), np.zeros((10, 6, 8, 2), np.uint16)])
def test_an_array_that_is_no_flow_is_named(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / 'a.npy', array)
    with pytest.raises(UnreadableSampleError, match=f'a.npy must hold flow .* holds {array.dtype}'):
        read_flow(str(tmp_path / 'a.npy'), np.array([0]), WHOLE)


def test_values_that_are_not_finite_are_named(tmp_path: Path) -> None:
    flow = np.zeros((3, 6, 8, 2), np.float64)
    flow[1, 2, 3, 0] = np.nan
    np.save(tmp_path / 'a.npy', flow)
    with pytest.raises(UnreadableSampleError, match='a.npy holds flow values that are not finite'):
        read_flow(str(tmp_path / 'a.npy'), np.arange(3), WHOLE)
    assert read_flow(str(tmp_path / 'a.npy'), np.array([0]), WHOLE).dtype == np.float32


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / 'a.npy', np.array([{}], object), allow_pickle=True)
    with pytest.raises(UnreadableSampleError, match='a.npy cannot be read as an array'):
        read_flow(str(tmp_path / 'a.npy'), np.array([0]), WHOLE)
