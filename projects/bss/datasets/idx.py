"""Arrays in the idx format of MNIST."""
from __future__ import annotations

import gzip
import math
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from projects.bss.datasets.errors import UnreadableSampleError

_UNSIGNED_BYTES = 8


@lru_cache(maxsize=8)
def read_idx(path: str) -> np.ndarray:
    """Read an idx file of unsigned bytes, once per process.

    A file that was read before the workers of a loader are forked is shared with them.

    Args:
        path: The file, plain or compressed with gzip.

    Returns:
        uint8 array of the shape that the file states, read-only: (N, 28, 28) for the images of
        MNIST, (N,) for its labels.

    Raises:
        UnreadableSampleError: If the file is no such array.
    """
    try:
        content = Path(path).read_bytes()
        content = gzip.decompress(content) if path.endswith('.gz') else content
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableSampleError(f'{path} cannot be read ({error}).') from error
    if len(content) < 4 or content[:2] != b'\0\0' or content[2] != _UNSIGNED_BYTES:
        raise UnreadableSampleError(f'{path} must be an idx file of unsigned bytes, but begins '
                                    f'with {content[:4]!r}.')
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], '>u4').tolist())
    if len(content) != start + math.prod(shape):
        raise UnreadableSampleError(
            f'{path} states an array of {shape}, which takes {start + math.prod(shape)} bytes, '
            f'but has {len(content)}.')
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
