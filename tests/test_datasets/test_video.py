"""Frame-exact reading."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from projects.bss.datasets import UnreadableSampleError
from projects.bss.datasets.nvgesture_list import find_lists, read_list
from projects.bss.datasets.video import decode_frames, read_video
from tests.data import decode_all, write_numbered_video


def whole(frame: np.ndarray) -> np.ndarray:
    return frame


def test_seeking_gives_the_frames_of_sequential_decoding(nvgesture_mini_root: Path) -> None:
    for clip in read_list(find_lists(nvgesture_mini_root)['train']):
        for frames in clip.sensors.values():
            path = nvgesture_mini_root / 'Video_data' / clip.folder / f'{frames.stem}.avi'
            if not path.is_file():
                continue
            expected = decode_all(path)
            for start in (0, 1, frames.start, len(expected) - 12):
                numbers = np.arange(start, start + 12)
                np.testing.assert_array_equal(
                    read_video(str(path), numbers, whole).transpose(1, 2, 3, 0),
                    expected[start:start + 12])


def test_gaps_and_repetitions_are_kept(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / 'a.avi', 40)
    numbers = np.array([2, 2, 5, 11, 39])
    values = read_video(str(path), numbers, whole)[0, :, 0, 0]
    assert np.rint(values / 3).tolist() == numbers.tolist()


def test_frames_are_counted_where_seeking_fails(tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_numbered_video(tmp_path / 'a.avi', 20)

    class Stubborn:
        """A capture whose container cannot seek."""

        def __init__(self, *args: object) -> None:
            self.capture = real(*args)

        def set(self, prop: int, value: float) -> bool:
            return False

        def __getattr__(self, name: str) -> object:
            return getattr(self.capture, name)

    real = cv2.VideoCapture
    monkeypatch.setattr(cv2, 'VideoCapture', Stubborn)
    values = [int(frame[0, 0, 0]) for frame in decode_frames(str(path), np.arange(7, 10))]
    assert np.rint(np.array(values) / 3).tolist() == [7, 8, 9]


def test_a_short_video_is_continued_with_its_last_frame(tmp_path: Path) -> None:
    path = str(write_numbered_video(tmp_path / 'a.avi', 20))
    values = np.rint(read_video(path, np.arange(15, 23), whole, max_missing=3)[0, :, 0, 0] / 3)
    assert values.tolist() == [15, 16, 17, 18, 19, 19, 19, 19]
    with pytest.raises(UnreadableSampleError,
                       match=r'lacks 4 of the frames 15 to 23 \(at most 3 may be missing\)'):
        read_video(path, np.arange(15, 24), whole, max_missing=3)


def test_a_window_beyond_the_end_cannot_be_read(tmp_path: Path) -> None:
    path = str(write_numbered_video(tmp_path / 'a.avi', 20))
    with pytest.raises(UnreadableSampleError, match='lacks 2 of the frames 30 to 31'):
        read_video(path, np.array([30, 31]), whole, max_missing=8)


def test_frame_numbers_must_ascend(tmp_path: Path) -> None:
    path = str(write_numbered_video(tmp_path / 'a.avi', 5))
    with pytest.raises(ValueError, match=r'must be ascending, got \[3, 1\]'):
        read_video(path, np.array([3, 1]), whole)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UnreadableSampleError, match='nowhere.avi cannot be opened as a video'):
        read_video('nowhere.avi', np.array([0]), whole)
