"""Reading of pictures and folders of frames."""
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from projects.bss.datasets import UnreadableSampleError
from projects.bss.datasets.images import count_frames, frame_files, read_image


def picture(height: int, width: int) -> np.ndarray:
    """A smooth picture, RGB, whose red grows downwards and whose green to the right."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([rows * 255 // height, columns * 255 // width, np.full_like(rows, 40)],
                    axis=2).astype(np.uint8)


def write(path: Path, pixels: np.ndarray) -> str:
    cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    return str(path)


def test_frames_are_sorted_by_name(tmp_path: Path) -> None:
    for name in ('00010.jpg', '00002.JPG', '00001.png', 'notes.txt'):
        (tmp_path / name).touch()
    assert frame_files(tmp_path) == [f'{tmp_path}/{name}'
                                     for name in ('00001.png', '00002.JPG', '00010.jpg')]
    assert count_frames(tmp_path) == 3 and count_frames(tmp_path / 'none') == 0


@pytest.mark.parametrize('name', ['empty', 'gone'])
def test_a_folder_without_pictures_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / 'empty').mkdir()
    with pytest.raises(UnreadableSampleError, match=rf'{name} holds no picture \(\.jpg, \.jpeg'):
        frame_files(tmp_path / name)


def test_png_is_read_exactly_and_in_rgb(tmp_path: Path) -> None:
    pixels = picture(30, 50)
    assert np.array_equal(read_image(write(tmp_path / 'a.png', pixels)), pixels)


@pytest.mark.parametrize('min_side, shape', [
    (None, (160, 240)), (161, (160, 240)), (160, (160, 240)), (81, (160, 240)), (80, (80, 120)),
    (41, (80, 120)), (40, (40, 60)), (20, (20, 30)), (1, (20, 30)),
])
def test_decoding_is_reduced_as_far_as_the_size_allows(tmp_path: Path, min_side: int | None,
                                                       shape: tuple[int, int]) -> None:
    pixels = picture(160, 240)
    found = read_image(write(tmp_path / 'a.jpg', pixels), min_side)
    assert found.shape == (*shape, 3)
    reduced = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - reduced).mean() < 2


def test_a_truncated_jpeg_is_named(tmp_path: Path) -> None:
    path = Path(write(tmp_path / 'a.jpg', picture(60, 60)))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UnreadableSampleError, match='a.jpg ends before its picture does'):
        read_image(str(path))


@pytest.mark.parametrize('min_side', [None, 10])
@pytest.mark.parametrize('data', [b'', b'no picture'])
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, min_side: int | None) -> None:
    (tmp_path / 'a.jpg').write_bytes(data)
    with pytest.raises(UnreadableSampleError, match='a.jpg cannot be decoded as a picture'):
        read_image(str(tmp_path / 'a.jpg'), min_side)
    with pytest.raises(UnreadableSampleError, match='gone.jpg cannot be read'):
        read_image(str(tmp_path / 'gone.jpg'), min_side)
