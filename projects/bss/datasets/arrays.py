"""Reading of array files."""
from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from projects.bss.datasets.errors import UnreadableSampleError

ARRAY_SUFFIXES = ('.npy', '.npz', '.mat')
_CORRUPT = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, MatReadError)


def read_array(path: str, key: str | None = None) -> np.ndarray:
    """Read numbers from a file of numpy or MATLAB.

    Args:
        path: ``.npy``, ``.npz`` or ``.mat`` (up to version 7). Axes of length 1 of a MATLAB array,
            which has two at least, are left out.
        key: Name of the array in a file that holds several; may be left out where there is one.

    Returns:
        float32, at least one axis.

    Raises:
        UnreadableSampleError: If the file cannot be read, has no such array, or if that holds
            anything but finite numbers.
    """
    content = _read(path)
    array = _choose(path, content, key) if isinstance(content, Mapping) else content
    if array.dtype.kind not in 'buif' or not array.size:
        raise UnreadableSampleError(f'{path} must hold an array of numbers, but holds '
                                    f'{array.dtype} {array.shape}.')
    # Doubles beyond the range of float32 become infinite, which is refused below.
    with np.errstate(over='ignore'):
        array = np.atleast_1d(array).astype(np.float32)
    if not np.isfinite(array).all():
        raise UnreadableSampleError(f'{path} holds numbers that are not finite.')
    return array


def _read(path: str) -> np.ndarray | Mapping[str, np.ndarray]:
    suffix = Path(path).suffix.lower()
    try:
        if suffix == '.mat':
            return {name: array for name, array in loadmat(path, squeeze_me=True).items()
                    if not name.startswith('__')}
        return np.load(path, allow_pickle=False)
    except NotImplementedError as error:
        raise UnreadableSampleError(
            f"{path} is a MATLAB file of version 7.3 (HDF5), which scipy does not read; save it "
            "with save(..., '-v7') in MATLAB, or convert it to .npy.") from error
    except _CORRUPT as error:
        raise UnreadableSampleError(f'{path} cannot be read as an array ({error}).') from error


def _choose(path: str, arrays: Mapping[str, np.ndarray], key: str | None) -> np.ndarray:
    names = list(arrays)
    if key is None and len(names) == 1:
        key = names[0]
    if key not in names:
        raise UnreadableSampleError(f'{path} holds the arrays {names}; name one of them as key of '
                                    f'the column, got {key!r}.')
    try:
        return np.asarray(arrays[key])
    except _CORRUPT as error:
        raise UnreadableSampleError(f'{path} cannot be read as an array ({error}).') from error
