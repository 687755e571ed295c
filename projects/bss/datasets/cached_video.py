"""Reading of videos by way of a cache of decoded clips."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from projects.bss.datasets.clip_cache import ClipCache, file_identity
from projects.bss.datasets.geometry import Geometry
from projects.bss.datasets.video import decode_planes, require_frames


class CachedVideo:
    """The annotated frames of one video, decoded and resized once.

    The cache holds all of them at full width and height, so that every window and crop of them is
    served. It knows the file by its place, size and time of change.

    Args:
        cache: Where decoded clips are kept.
        stream: Record of the video: ``path``, ``start`` and ``end``.
        channels: Name of ``select``.
        select: Maps a decoded frame, uint8 (H, W, 3) in BGR order, to the channels that are kept.

    Raises:
        UnreadableSampleError: If there is no such file.
    """

    def __init__(self, cache: ClipCache, stream: dict, channels: str,
                 select: Callable[[np.ndarray], np.ndarray]) -> None:
        self.cache, self.select = cache, select
        self.path, self.start, self.end = stream['path'], stream['start'], stream['end']
        self.identity = [*file_identity(self.path), self.start, self.end, channels]

    def read(self, numbers: np.ndarray, geometry: Geometry, max_missing: int) -> np.ndarray:
        """Give what ``read_video`` gives.

        Args:
            numbers: Frame numbers from 0, (T,), in ascending order, from ``start`` to ``end - 1``.
            geometry: Resize, crop and flip.
            max_missing: Largest number of requested frames that may be missing at the end.

        Returns:
            uint8 (C, T, h, w).

        Raises:
            UnreadableSampleError: If the file cannot be decoded or too many frames are missing.
        """
        clip = self.cache.fetch([*self.identity, *geometry.resize], lambda: self._decode(geometry))
        found = int(np.searchsorted(numbers, self.start + clip.shape[1]))
        require_frames(self.path, numbers, found, max_missing)
        places = numbers - self.start
        places[found:] = places[found - 1:found]
        return geometry.cut(clip)[:, places]

    def _decode(self, geometry: Geometry) -> np.ndarray:
        numbers = np.arange(self.start, self.end)
        clip, found = decode_planes(self.path, numbers,
                                    lambda frame: geometry.scale(self.select(frame)))
        require_frames(self.path, numbers, found, max_missing=len(numbers))
        return np.ascontiguousarray(clip[:, :found])
