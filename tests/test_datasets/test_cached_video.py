"""Samples with and without a cache of decoded clips."""
from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from projects.bss.datasets import LoadClip, NVGestureDataset, UnreadableSampleError
from projects.bss.datasets.geometry import Geometry
from tests.data import write_numbered_video

TRANSFORMS = [dict(type='SampleWindow', length=20, random=True),
              dict(type='SampleCrop', resize=(60, 72), size=(50, 48), random=True, flip_prob=0.5)]
STEP = 3


def numbered_clip(video: Path, start: int, end: int) -> dict:
    return dict(modalities=dict(depth=dict(path=str(video), format='gray', start=start, end=end)))


def shown(record: dict, loader: LoadClip, first: int, last: int) -> list[int]:
    """Numbers of the frames that a loader gives for the frames first to last - 1."""
    sample = record | dict(frames=dict(depth=np.arange(first, last)),
                           geometry=Geometry((32, 32), 4, 4, (24, 24)))
    pixels = loader(sample)['inputs']['depth'][0, :, 5, 5]
    return np.rint(pixels / STEP).astype(int).tolist()


@pytest.mark.parametrize('bgr', [False, True])
def test_samples_are_the_same(nvgesture_mini_root: Path, tmp_path: Path, bgr: bool) -> None:
    caches = [None, dict(folder=str(tmp_path / 'clips'), max_gigabytes=1)]
    datasets = [NVGestureDataset(
        data_root=str(nvgesture_mini_root), ann_file='nvgesture_train_correct_v2.lst',
        modalities=['rgb', 'depth'], serialize_data=False,
        pipeline=[*TRANSFORMS, dict(type='LoadClip', bgr=bgr, cache=cache),
                  dict(type='PackMultiModalInputs')]) for cache in caches]
    # The first epoch fills the cache.
    for epoch in range(3):
        for position in range(3):
            for dataset in datasets:
                dataset.seed_views(seed=0, epoch=epoch)
            plain, cached = (dataset[position]['inputs'] for dataset in datasets)
            assert list(cached) == ['rgb', 'depth'] and cached['rgb'].shape == (3, 20, 50, 48)
            for name, clip in plain.items():
                np.testing.assert_array_equal(cached[name], clip)
    assert len(list((tmp_path / 'clips').glob('*.clip'))) == 6


@pytest.fixture
def loader(tmp_path: Path) -> LoadClip:
    return LoadClip(max_missing_frames=4, cache=dict(folder=str(tmp_path / 'c'), max_gigabytes=1))


def overwrite(video: Path, modified: int) -> None:
    """Put zeros into a file of unchanged size, whose time of change is set."""
    video.write_bytes(bytes(video.stat().st_size))
    os.utime(video, ns=(0, modified))


def test_one_entry_serves_every_window_until_the_source_changes(tmp_path: Path,
                                                                loader: LoadClip) -> None:
    video = write_numbered_video(tmp_path / 'a.avi', 50)
    record = numbered_clip(video, 10, 40)
    assert shown(record, loader, 12, 20) == [*range(12, 20)]
    modified = video.stat().st_mtime_ns
    overwrite(video, modified)
    assert shown(record, loader, 10, 40) == [*range(10, 40)]
    overwrite(video, modified + 1)
    with pytest.raises(UnreadableSampleError, match='a.avi cannot be opened as a video'):
        shown(record, loader, 12, 20)


def test_a_changed_source_is_read_again(tmp_path: Path, loader: LoadClip) -> None:
    video = write_numbered_video(tmp_path / 'a.avi', 50)
    record = numbered_clip(video, 10, 40)
    assert shown(record, loader, 10, 14) == [10, 11, 12, 13]
    write_numbered_video(video, 50, step=2 * STEP)
    assert shown(record, loader, 10, 14) == [20, 22, 24, 26]


def test_a_short_video_is_continued_as_without_cache(tmp_path: Path, loader: LoadClip) -> None:
    record = numbered_clip(write_numbered_video(tmp_path / 'a.avi', 30), 10, 40)
    for _ in range(2):
        assert shown(record, loader, 24, 34) == [*range(24, 30), *[29] * 4]
        with pytest.raises(UnreadableSampleError, match='lacks 5 of the frames 24 to 34'):
            shown(record, loader, 24, 35)
        with pytest.raises(UnreadableSampleError, match='lacks 2 of the frames 31 to 32'):
            shown(record, loader, 31, 33)


def test_a_missing_source_is_named(tmp_path: Path, loader: LoadClip) -> None:
    with pytest.raises(UnreadableSampleError, match=r'gone.avi cannot be read \('):
        shown(numbered_clip(tmp_path / 'gone.avi', 0, 4), loader, 0, 4)


def test_the_cache_is_off_unless_asked_for() -> None:
    assert LoadClip().cache is None
    with pytest.raises(ValueError, match='max_gigabytes must be positive, got -1'):
        LoadClip(cache=dict(folder='clips', max_gigabytes=-1))
