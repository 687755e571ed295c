"""Choice and reading of the frames of a clip."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.registry import TRANSFORMS

from projects.bss.datasets import LoadImages, UnreadableSampleError
from tests.native_audio_video import write_frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten flat frames, the n-th of the value 20 n."""
    write_frames(tmp_path / 'clip', 10, size=(16, 24))
    return tmp_path / 'clip'


def load(path: Path, format: str = 'frames', **options: Any) -> np.ndarray:
    part = TRANSFORMS.build(dict(type='LoadImages', **options))
    stream = dict(path=str(path), format=format)
    return part(dict(modalities=dict(video=stream)))['inputs']['video']


def numbers(clip: np.ndarray) -> list[int]:
    return (np.round(clip[0, :, 0, 0] / 20)).astype(int).tolist()


@pytest.mark.parametrize('choice, total, expected', [
    ('spread', 1, [5]), ('spread', 3, [1, 5, 8]), ('spread', 4, [1, 3, 6, 8]),
    ('spread', 10, list(range(10))), ('first', 3, [0, 1, 2]),
    ('spread', 12, [*range(10), 9, 9]), ('first', 11, [*range(10), 9]),
])
def test_frames_are_chosen_as_documented(folder: Path, choice: str, total: int,
                                         expected: list[int]) -> None:
    clip = load(folder, num_frames=total, choice=choice)
    assert clip.shape == (3, total, 16, 24) and clip.dtype == np.uint8
    assert numbers(clip) == expected


def test_random_frames_lie_one_in_each_segment(folder: Path) -> None:
    np.random.seed(0)
    drawn = np.array([numbers(load(folder, num_frames=2, choice='random')) for _ in range(80)])
    assert set(drawn[:, 0]) == set(range(5)) and set(drawn[:, 1]) == set(range(5, 10))


def test_a_folder_may_lack_a_stated_number_of_frames(folder: Path) -> None:
    with pytest.raises(UnreadableSampleError, match=r'clip lacks 3 of the 13 .* \(at most 2 may'):
        load(folder, num_frames=13)
    assert numbers(load(folder, num_frames=13, max_missing_frames=3))[-4:] == [9, 9, 9, 9]


def test_a_picture_is_one_frame_in_rgb(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), pixels[..., ::-1])
    clip = load(tmp_path / 'a.png', 'image', num_frames=3)
    assert np.array_equal(clip, pixels.transpose(2, 0, 1)[:, None])


def test_reduced_decoding(folder: Path) -> None:
    assert load(folder, size=8).shape == (3, 1, 8, 12)


def test_frames_of_several_sizes_are_named(folder: Path) -> None:
    cv2.imwrite(str(folder / '00001.jpg'), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UnreadableSampleError, match=r'clip differ in size: \[\(8, 8\), \(16, 24\)'):
        load(folder, num_frames=2, choice='first')


def test_a_sample_without_the_stream_is_left_alone() -> None:
    assert LoadImages()(dict(modalities=dict(audio={}))) == dict(modalities=dict(audio={}))


def test_another_format_is_refused(folder: Path) -> None:
    with pytest.raises(KeyError, match="reads the formats .*'frames', 'image'.* has 'color'"):
        load(folder, 'color')


@pytest.mark.parametrize('options, message', [
    (dict(num_frames=0), 'num_frames and size must be positive .* got 0, None and 2'),
    (dict(size=0), 'got 1, 0 and 2'), (dict(max_missing_frames=-1), 'got 1, None and -1'),
    (dict(choice='sprad'), "Unknown value of choice 'sprad'. Did you mean 'spread'"),
])
def test_arguments_are_checked(folder: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(folder, **options)


def test_a_cached_picture_is_the_same_and_is_decoded_once(folder: Path, tmp_path: Path) -> None:
    cache = dict(folder=str(tmp_path / 'kept'), max_gigabytes=1)
    for total in (1, 3):
        clip = load(folder, num_frames=total, cache=cache)
        np.testing.assert_array_equal(clip, load(folder, num_frames=total))
        assert clip.flags.writeable
    # Frame 5 serves both; entries know the size at which a picture was decoded.
    assert len(list((tmp_path / 'kept').glob('*.clip'))) == 3
    assert load(folder, cache=cache, size=8).shape == (3, 1, 8, 12)
    frame = sorted(folder.iterdir())[5]
    status = frame.stat()
    frame.write_bytes(bytes(status.st_size))
    os.utime(frame, ns=(0, status.st_mtime_ns))
    assert numbers(load(folder, cache=cache)) == [5]
    os.utime(frame, ns=(0, status.st_mtime_ns + 1))
    with pytest.raises(UnreadableSampleError, match='cannot be decoded as a picture'):
        load(folder, cache=cache)
