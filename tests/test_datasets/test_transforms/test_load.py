"""Reading of the chosen frames."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from projects.bss.datasets import (LoadClip, NVGestureDataset, SampleCrop, SampleWindow,
                                   UnreadableSampleError)
from projects.bss.datasets.flow import dequantise_flow, quantise_flow
from projects.bss.datasets.geometry import Geometry
from tests.data import decode_all, write_numbered_video

STEP = 3


@pytest.fixture
def numbered(tmp_path: Path) -> dict:
    """A clip of frames 20..59 of its videos whose pictures and flow tell the frame's number."""
    video = str(write_numbered_video(tmp_path / 'a.avi', 70, STEP))
    numbers = np.arange(20, 60, dtype=np.uint8)[:, None, None, None] * STEP
    np.save(tmp_path / 'flow.npy', np.broadcast_to(numbers, (40, 32, 32, 2)))
    return dict(modalities=dict(
        rgb=dict(path=video, format='color', start=20, end=60),
        flow=dict(path=str(tmp_path / 'flow.npy'), format='flow', start=0, end=40),
        depth=dict(path=video, format='gray', start=20, end=60)))


def load(results: dict, *transforms: Any) -> dict[str, np.ndarray]:
    for transform in transforms:
        results = transform(results)
    return results['inputs']


def plain(record: dict, name: str, numbers: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Decode the whole video, resize every frame, cut the window out: (T, h, w, 3) in BGR."""
    frames = [cv2.resize(frame, geometry.resize[::-1])
              for frame in decode_all(record['modalities'][name]['path'])]
    rows, columns = geometry.window
    return np.stack([frames[number] for number in numbers])[:, rows, columns]


def test_all_modalities_show_the_same_frames(numbered: dict) -> None:
    np.random.seed(1)
    inputs = load(numbered, SampleWindow(length=16, random=True),
                  SampleCrop(resize=32, size=20, random=True), LoadClip())
    shown = {name: np.rint(clip[0, :, 0, 0] / STEP).astype(int).tolist()
             for name, clip in inputs.items()}
    start = shown['rgb'][0]
    assert shown == dict.fromkeys(('rgb', 'flow', 'depth'), list(range(start, start + 16)))
    assert 20 < start <= 44


def test_the_crop_equals_the_plain_way(nvgesture_mini_root: Path) -> None:
    np.random.seed(0)
    record = NVGestureDataset(data_root=str(nvgesture_mini_root),
                              ann_file='nvgesture_train_correct_v2.lst').get_data_info(2)
    inputs = load(record, SampleWindow(length=24, random=True), SampleCrop(random=True),
                  LoadClip())
    geometry = record['geometry']
    color = plain(record, 'rgb', record['frames']['rgb'], geometry)
    np.testing.assert_array_equal(inputs['rgb'], color[..., ::-1].transpose(3, 0, 1, 2))
    depth = plain(record, 'depth', record['frames']['depth'], geometry)
    np.testing.assert_array_equal(inputs['depth'][0], depth[..., 0])
    assert inputs['rgb'].dtype == inputs['flow'].dtype == inputs['depth'].dtype == np.uint8


def test_bgr_keeps_the_order_of_the_decoder(nvgesture_mini_root: Path) -> None:
    dataset = NVGestureDataset(data_root=str(nvgesture_mini_root), modalities=['rgb'],
                               ann_file='nvgesture_train_correct_v2.lst')
    views = [load(dataset.get_data_info(0), SampleWindow(length=2), SampleCrop(), LoadClip(bgr=bgr))
             for bgr in (False, True)]
    np.testing.assert_array_equal(views[0]['rgb'][::-1], views[1]['rgb'])
    assert not np.array_equal(views[0]['rgb'], views[1]['rgb'])


def test_a_flip_mirrors_all_modalities(miniature_root: Path) -> None:
    dataset = NVGestureDataset(data_root=str(miniature_root), num_classes=4,
                               ann_file='nvgesture_train_correct_v2.lst')
    plainly, flipped = (
        load(dataset.get_data_info(0), SampleWindow(length=4),
             SampleCrop(resize=32, size=32, flip_prob=probability), LoadClip())
        for probability in (0, 1))
    for name in ('rgb', 'depth'):
        np.testing.assert_array_equal(flipped[name], plainly[name][..., ::-1])
    np.testing.assert_array_equal(flipped['flow'][0], 255 - plainly['flow'][0, ..., ::-1])
    np.testing.assert_array_equal(flipped['flow'][1], plainly['flow'][1, ..., ::-1])


@pytest.mark.parametrize('stored', [np.uint8, np.float32])
@pytest.mark.parametrize('raw', [False, True])
def test_flow_has_the_same_unit_however_it_is_stored(tmp_path: Path, stored: type,
                                                     raw: bool) -> None:
    pixels = np.random.default_rng(0).uniform(-25, 25, (4, 8, 8, 2)).astype(np.float32)
    quantised = quantise_flow(pixels)
    np.save(tmp_path / 'flow.npy', quantised if stored is np.uint8 else pixels)
    record = dict(modalities=dict(flow=dict(path=str(tmp_path / 'flow.npy'), format='flow',
                                            start=0, end=4)))
    clip = load(record, SampleWindow(length=None), SampleCrop(resize=8, size=8),
                LoadClip(raw_flow=raw))['flow'].transpose(1, 2, 3, 0)
    if not raw:
        np.testing.assert_array_equal(clip, quantised)
    else:
        expected = dequantise_flow(quantised) if stored is np.uint8 else pixels
        np.testing.assert_array_equal(clip, expected)


def test_unaligned_flow_is_read_whole(numbered: dict) -> None:
    inputs = load(numbered, SampleWindow(length=16, align_flow=False),
                  SampleCrop(resize=32, size=32), LoadClip())
    assert {name: clip.shape[1] for name, clip in inputs.items()} == dict(rgb=16, flow=40, depth=16)
    assert (inputs['flow'][0, :, 0, 0] // STEP).tolist() == list(range(20, 60))


def test_a_stream_that_is_a_frame_short_is_continued(numbered: dict) -> None:
    for stream in numbered['modalities'].values():
        stream['end'] += 11
    transforms = (SampleWindow(length=None), SampleCrop(resize=32, size=32))
    with pytest.raises(UnreadableSampleError, match='flow.npy lacks 11 of the flow fields'):
        load(numbered, *transforms, LoadClip())
    depth = load(numbered, *transforms, LoadClip(max_missing_frames=11))['depth'][0, :, 0, 0]
    assert np.rint(depth / STEP).astype(int).tolist() == [*range(20, 70), 69]


def test_an_unknown_format_is_named(numbered: dict) -> None:
    numbered['modalities']['depth']['format'] = 'point cloud'
    with pytest.raises(KeyError, match="stream 'depth' has 'point cloud'"):
        load(numbered, SampleWindow(length=2), SampleCrop(resize=32, size=32), LoadClip())


@pytest.mark.parametrize('arguments', [dict(flow_bound=0), dict(max_missing_frames=-1)])
def test_arguments_are_checked(arguments: dict) -> None:
    with pytest.raises(ValueError, match='flow_bound must be positive and max_missing_frames'):
        LoadClip(**arguments)
