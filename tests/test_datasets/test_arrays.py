"""Array files of numpy and MATLAB."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from projects.bss.datasets import LoadArray, LoadVector, UnreadableSampleError
from projects.bss.datasets.arrays import read_array

VALUES = np.array([[1.5, -2.0, 3.0], [0.0, 7.0, 0.25]])


def write(path: Path, **arrays: Any) -> str:
    """Write arrays by the suffix of the path; a ``.npy`` file holds the first."""
    if path.suffix == '.mat':
        savemat(path, arrays)
    elif path.suffix == '.npz':
        np.savez_compressed(path, **arrays)
    else:
        np.save(path, next(iter(arrays.values())), allow_pickle=True)
    return str(path)


@pytest.mark.parametrize('name', ['a.npy', 'a.npz', 'a.mat', 'a.NPY'])
def test_the_only_array_of_a_file(tmp_path: Path, name: str) -> None:
    source = write(tmp_path / name.lower(), x=VALUES)
    path = Path(source).rename(tmp_path / name)
    array = read_array(str(path))
    assert array.dtype == np.float32
    np.testing.assert_array_equal(array, VALUES)


@pytest.mark.parametrize('name', ['a.npz', 'a.mat'])
def test_one_array_of_several(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, first=VALUES, second=VALUES[0])
    np.testing.assert_array_equal(read_array(path, 'second'), VALUES[0])
    for key in (None, 'third'):
        with pytest.raises(UnreadableSampleError, match=r"holds the arrays \['first', 'second'\]; "
                                                        f'name one.*got {key!r}'):
            read_array(path, key)


def test_vectors_and_numbers_of_matlab(tmp_path: Path) -> None:
    assert read_array(write(tmp_path / 'row.mat', x=[[1, 2, 3]])).tolist() == [1, 2, 3]
    assert read_array(write(tmp_path / 'one.mat', x=5)).tolist() == [5]


def test_whole_numbers_and_truth_values(tmp_path: Path) -> None:
    assert read_array(write(tmp_path / 'i.npy', x=np.array([1, 2], np.uint16))).tolist() == [1, 2]
    assert read_array(write(tmp_path / 'b.npy', x=np.array([True, False]))).tolist() == [1, 0]


@pytest.mark.parametrize('array, message', [
    (np.array(['a', 'b']), 'must hold an array of numbers, but holds <U1'),
    (np.array([1 + 2j]), 'must hold an array of numbers, but holds complex'),
    (np.zeros((0, 3)), r'must hold an array of numbers, but holds float64 \(0, 3\)'),
    (np.array([1.0, np.nan]), 'holds numbers that are not finite'),
    (np.array([1e300]), 'holds numbers that are not finite'),
    (np.array([{}, 1], dtype=object), 'cannot be read as an array'),
])
def test_anything_but_finite_numbers(tmp_path: Path, array: np.ndarray, message: str) -> None:
    with pytest.raises(UnreadableSampleError, match=f'a.npy {message}'):
        read_array(write(tmp_path / 'a.npy', x=array))


@pytest.mark.parametrize('name', ['a.npy', 'a.npz', 'a.mat'])
def test_corrupt_files(tmp_path: Path, name: str) -> None:
    path = Path(write(tmp_path / name, x=VALUES))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableSampleError, match=f'{name} cannot be read as an array'):
        read_array(str(path))
    path.write_bytes(b'nothing of the kind')
    with pytest.raises(UnreadableSampleError, match=f'{name} cannot be read as an array'):
        read_array(str(path))


def test_the_hdf5_format_of_matlab_is_refused(tmp_path: Path) -> None:
    # The header of a file of version 7.3: text, version 0x0200, byte order.
    header = b'MATLAB 7.3 MAT-file'.ljust(124) + b'\x00\x02IM'
    (tmp_path / 'new.mat').write_bytes(header.ljust(512, b'\0') + b'\x89HDF\r\n\x1a\n')
    with pytest.raises(UnreadableSampleError, match="version 7.3 .HDF5., which scipy does not "
                                                    "read; save it with save"):
        read_array(str(tmp_path / 'new.mat'))


class TestTransforms:

    def load(self, transform: Any, **stream: Any) -> np.ndarray:
        return transform(dict(modalities=dict(feature=stream)))['inputs']['feature']

    def test_an_array(self, tmp_path: Path) -> None:
        path = write(tmp_path / 'a.npz', x=VALUES, y=VALUES[:, :2])
        loaded = self.load(LoadArray('feature', shape=[2, 2]), path=path, key='y')
        np.testing.assert_array_equal(loaded, VALUES[:, :2])
        flat = self.load(LoadArray('feature', flatten=True), path=path, key='x')
        assert flat.tolist() == [1.5, -2.0, 3.0, 0.0, 7.0, 0.25]

    def test_an_array_of_another_shape(self, tmp_path: Path) -> None:
        path = write(tmp_path / 'a.npy', x=VALUES)
        with pytest.raises(UnreadableSampleError, match=r'of shape \(3, 2\), but holds \(2, 3\)'):
            self.load(LoadArray('feature', shape=(3, 2)), path=path)

    def test_a_vector(self) -> None:
        loaded = self.load(LoadVector('feature'), values=[1, 2.5])
        assert loaded.dtype == np.float32 and loaded.tolist() == [1, 2.5]

    def test_a_sample_without_the_stream(self) -> None:
        for transform in (LoadArray('feature'), LoadVector('feature')):
            assert transform(dict(modalities={})) == dict(modalities={})
