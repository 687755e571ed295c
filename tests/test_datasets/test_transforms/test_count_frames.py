"""Length of videos whose annotation does not say it."""
from __future__ import annotations

from pathlib import Path

import pytest

from projects.bss.datasets import CountFrames, UnreadableSampleError
from projects.bss.datasets.transforms.count_frames import count_frames
from tests.data import write_numbered_video


def test_only_videos_without_a_range_are_counted(tmp_path: Path) -> None:
    path = str(write_numbered_video(tmp_path / 'a.avi', 11))
    streams = dict(whole=dict(path=path, format='color'),
                   part=dict(path=path, format='gray', start=2, end=5),
                   note=dict(text='x', format='text'))
    counted = CountFrames()(dict(modalities=streams))['modalities']
    assert counted == dict(whole=dict(path=path, format='color', start=0, end=11),
                           part=dict(path=path, format='gray', start=2, end=5),
                           note=dict(text='x', format='text'))


def test_a_header_that_does_not_know(tmp_path: Path) -> None:
    path = write_numbered_video(tmp_path / 'a.avi', 7)
    content = bytearray(path.read_bytes())
    # A Motion-JPEG stream of its own has no header at all.
    pictures, start = [], content.find(b'\xff\xd8')
    while start >= 0:
        end = content.find(b'\xff\xd9', start) + 2
        pictures.append(bytes(content[start:end]))
        start = content.find(b'\xff\xd8', end)
    (tmp_path / 'a.mjpeg').write_bytes(b''.join(pictures[:7]))
    assert count_frames(str(tmp_path / 'a.mjpeg')) == 7


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    (tmp_path / 'a.avi').write_bytes(b'no video')
    with pytest.raises(UnreadableSampleError, match='a.avi cannot be opened as a video'):
        CountFrames()(dict(modalities=dict(film=dict(path=str(tmp_path / 'a.avi'),
                                                     format='color'))))
