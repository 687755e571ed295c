"""Choice of the spatial crop of a clip."""
from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.geometry import Geometry


@TRANSFORMS.register_module()
class SampleCrop(BaseTransform):
    """Choose one resize, crop and flip for all frames of all modalities of a clip.

    Standing before the loader, it lets the loader keep nothing but the crop.

    Random numbers come from numpy's global generator, which mmengine seeds in every worker.

    Adds ``geometry``.

    Args:
        resize: Height and width to which every picture is resized; one number for both. Streams
            of different native size meet here.
        size: Height and width of the crop; one number for both.
        random: Whether the crop lies anywhere or in the centre.
        flip_prob: Probability, in [0, 1], of mirroring the clip left to right. Gestures such as
            "hand to the left" do not survive it, hence 0.

    Raises:
        ValueError: If the crop does not fit into the resized picture or ``flip_prob`` is no
            probability.
    """

    def __init__(self, resize: int | tuple[int, int] = 256, size: int | tuple[int, int] = 224,
                 random: bool = False, flip_prob: float = 0.0) -> None:
        self.resize, self.size = _pair(resize), _pair(size)
        if not all(0 < small <= large for small, large in zip(self.size, self.resize)):
            raise ValueError(f'size must be positive and at most resize {self.resize}, got '
                             f'{self.size}; use a smaller crop or a larger resize.')
        if not 0 <= flip_prob <= 1:
            raise ValueError(f'flip_prob must lie in [0, 1], got {flip_prob}; set a probability.')
        self.random, self.flip_prob = random, flip_prob

    def transform(self, results: dict) -> dict:
        """Draw the geometry of one clip.

        Args:
            results: Any sample.

        Returns:
            ``results`` with ``geometry``.
        """
        spare = [large - small for large, small in zip(self.resize, self.size)]
        top, left = ([np.random.randint(room + 1) for room in spare] if self.random
                     else [room // 2 for room in spare])
        flip = self.flip_prob > 0 and np.random.random() < self.flip_prob
        results['geometry'] = Geometry(self.resize, top, left, self.size, bool(flip))
        return results


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    return height, width
