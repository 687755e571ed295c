"""Reading of streams that are numbers already."""
from __future__ import annotations

import numpy as np
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.arrays import read_array
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.transforms.stream import StreamLoader


@TRANSFORMS.register_module()
class LoadArray(StreamLoader):
    """Read an array file: ``.npy``, ``.npz`` or ``.mat``.

    Adds the array to ``inputs``: float32 (d, ...).

    Args:
        modality: Name of the stream, whose record has ``path`` and may have ``key``.
        flatten: Whether all axes become one, as an ``MLPEncoder`` needs it.
        shape: Shape that every array must have; None leaves that to the batch.
    """

    def __init__(self, modality: str, flatten: bool = False,
                 shape: tuple[int, ...] | None = None) -> None:
        super().__init__(modality)
        self.flatten, self.shape = flatten, None if shape is None else tuple(shape)

    def load(self, stream: dict) -> np.ndarray:
        """Read one array.

        Args:
            stream: Record of the stream.

        Returns:
            float32 (d, ...).

        Raises:
            UnreadableSampleError: If the file is corrupt or holds no such array.
        """
        array = read_array(stream['path'], stream.get('key'))
        if self.shape is not None and array.shape != self.shape:
            raise UnreadableSampleError(f'{stream["path"]} must hold an array of shape '
                                        f'{self.shape}, but holds {array.shape}.')
        return array.reshape(-1) if self.flatten else array


@TRANSFORMS.register_module()
class LoadVector(StreamLoader):
    """Take numbers that stand in the record itself, such as columns of a table.

    Adds the vector to ``inputs``: float32 (d,).

    Args:
        modality: Name of the stream, whose record has ``values``.
    """

    def load(self, stream: dict) -> np.ndarray:
        """Map the ``values`` of a record to float32 (d,)."""
        return np.asarray(stream['values'], np.float32)
