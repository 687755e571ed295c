"""Files in MNIST's format."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from projects.bss.datasets import LoadIdxImage, UnreadableSampleError
from projects.bss.datasets.idx import read_idx
from tests.native_tables import write_idx

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize('name', ['plain-idx3', 'packed-idx3.gz'])
def test_what_was_written_is_read(tmp_path: Path, name: str) -> None:
    read = read_idx(str(write_idx(tmp_path / name, ARRAY)))
    np.testing.assert_array_equal(read, ARRAY)
    assert read.dtype == np.uint8


def test_the_bytes_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / 'labels'
    path.write_bytes(b'\0\0\x08\x01\0\0\0\x03\x05\0\x04')
    assert read_idx(str(path)).tolist() == [5, 0, 4]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path = write_idx(tmp_path / 'once', ARRAY)
    assert read_idx(str(path)) is read_idx(str(path))


@pytest.mark.parametrize('content, message', [
    (b'\0\0\x08\x02\0\0\0\x02\0\0\0\x02abc', r'states an array of \(2, 2\), which takes 16 bytes, '
                                             'but has 15'),
    (b'\0\0\x0d\x01\0\0\0\x01abcd', 'must be an idx file of unsigned bytes'),
    (b'', 'must be an idx file of unsigned bytes'),
])
def test_other_files_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / 'wrong').write_bytes(content)
    with pytest.raises(UnreadableSampleError, match=f'wrong.*{message}'):
        read_idx(str(tmp_path / 'wrong'))


def test_a_cut_archive_is_named(tmp_path: Path) -> None:
    path = write_idx(tmp_path / 'cut.gz', ARRAY)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(UnreadableSampleError, match='cut.gz cannot be read'):
        read_idx(str(path))


def test_one_image_becomes_one_channel_and_one_frame(tmp_path: Path) -> None:
    path = str(write_idx(tmp_path / 'images', ARRAY))
    results = LoadIdxImage('digit')(dict(modalities=dict(digit=dict(path=path, index=1))))
    assert results['inputs']['digit'].shape == (1, 1, 3, 4)
    np.testing.assert_array_equal(results['inputs']['digit'][0, 0], ARRAY[1])
    with pytest.raises(UnreadableSampleError, match='no image of number 2'):
        LoadIdxImage('digit')(dict(modalities=dict(digit=dict(path=path, index=2))))


def test_a_sample_without_the_stream_is_left_alone() -> None:
    assert LoadIdxImage('digit')(dict(modalities=dict(sound={}))) == dict(modalities=dict(sound={}))
