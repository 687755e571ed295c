"""Reading of one image of an idx file."""
from __future__ import annotations

import numpy as np
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.idx import read_idx
from projects.bss.datasets.transforms.stream import StreamLoader


@TRANSFORMS.register_module()
class LoadIdxImage(StreamLoader):
    """Take one image out of a file of MNIST's format.

    Adds the image to ``inputs``: uint8 (1, 1, H, W), one channel and one frame.

    Args:
        modality: Name of the stream, whose record has ``path`` and ``index``.
    """

    def __init__(self, modality: str = 'image') -> None:
        super().__init__(modality)

    def load(self, stream: dict) -> np.ndarray:
        """Read one image.

        Args:
            stream: Record of the stream.

        Returns:
            uint8 (1, 1, H, W).

        Raises:
            UnreadableSampleError: If the file is corrupt or has no such image.
        """
        images, index = read_idx(stream['path']), stream['index']
        if images.ndim != 3 or not 0 <= index < len(images):
            raise UnreadableSampleError(f'{stream["path"]} holds an array of {images.shape} and '
                                        f'no image of number {index}.')
        # A copy, because tensors may not share memory that is read-only.
        return images[index][None, None].copy()
