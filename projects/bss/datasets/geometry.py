"""The spatial part of the view of a clip, shared by all its modalities."""
from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Geometry:
    """Resize, then crop, then flip: drawn once per clip and applied to every modality.

    Attributes:
        resize: Height and width of the full picture.
        top: First row of the crop, in the resized picture.
        left: First column of the crop, in the resized picture.
        size: Height and width of the crop.
        flip: Whether the crop is mirrored left to right.
    """

    resize: tuple[int, int]
    top: int
    left: int
    size: tuple[int, int]
    flip: bool = False

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the crop."""
        height, width = self.size
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """Apply to one picture.

        Args:
            picture: (H, W) or (H, W, C), of any size.

        Returns:
            (h, w) or (h, w, C): the crop, bilinearly resized. It may be a view of ``picture``.
        """
        picture = self.scale(picture)[self.window]
        return picture[:, ::-1] if self.flip else picture

    def scale(self, picture: np.ndarray) -> np.ndarray:
        """Apply the resize alone.

        Args:
            picture: (H, W) or (H, W, C), of any size.

        Returns:
            The full picture, of the height and width ``resize``.
        """
        if picture.shape[:2] == self.resize:
            return picture
        return cv2.resize(picture, self.resize[::-1], interpolation=cv2.INTER_LINEAR)

    def cut(self, planes: np.ndarray) -> np.ndarray:
        """Apply crop and flip to pictures that have their full size already.

        Args:
            planes: (..., H, W) with H, W = ``resize``.

        Returns:
            (..., h, w), a view of ``planes``.
        """
        rows, columns = self.window
        planes = planes[..., rows, columns]
        return planes[..., ::-1] if self.flip else planes
