"""Reading of a picture or of the chosen frames of a clip."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.clip_cache import ClipCache, file_identity
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.images import frame_files, read_image
from projects.bss.datasets.transforms.stream import StreamLoader
from projects.bss.functional import closest_name


def _middles(edges: np.ndarray) -> np.ndarray:
    return (edges[:-1] + edges[1:]) / 2


def _anywhere(edges: np.ndarray) -> np.ndarray:
    return np.random.uniform(edges[:-1], edges[1:])


def _first(edges: np.ndarray) -> np.ndarray:
    return np.arange(len(edges) - 1)


_CHOICES = {'spread': _middles, 'random': _anywhere, 'first': _first}


@TRANSFORMS.register_module()
class LoadImages(StreamLoader):
    """Read some frames of a clip, or one picture.

    Frames lie as pictures in a folder (format ``'frames'``) and are sorted by file name. A stream
    of format ``'image'`` is one picture and gives T = 1.

    Random numbers come from numpy's global generator. Adds ``inputs[modality]``: uint8
    (3, T, H, W) in RGB order.

    Args:
        modality: Name of the stream.
        num_frames: Number of frames T of a clip.
        choice: Which frames. ``'spread'``: those in the middle of T equal segments of the clip,
            number floor((t + 1/2) n / T) of n; ``'random'``: one anywhere in each segment;
            ``'first'``: the first T, as in the authors' code (there in the order of the directory,
            here by name).
        size: If given, JPEG pictures are decoded at the smallest of 1/8, 1/4, 1/2 and full size
            whose height and width are both at least this many pixels.
        max_missing_frames: By how many frames a folder may fall short of ``num_frames``; its last
            frame stands for them.
        cache: Arguments of a ``ClipCache`` (``folder``, ``max_gigabytes``) that keeps decoded
            pictures, so that later epochs decode nothing; None decodes every time. It pays for
            pictures of more than about 200 pixels a side. The samples are the same.

    Raises:
        ValueError: If an argument is out of range or unknown.
    """

    def __init__(self, modality: str = 'video', num_frames: int = 1, choice: str = 'spread',
                 size: int | None = None, max_missing_frames: int = 2,
                 cache: Mapping[str, Any] | None = None) -> None:
        if num_frames < 1 or max_missing_frames < 0 or (size is not None and size < 1):
            raise ValueError('num_frames and size must be positive and max_missing_frames not '
                             f'negative, got {num_frames}, {size} and {max_missing_frames}; '
                             'correct them.')
        if choice not in _CHOICES:
            raise ValueError(closest_name('value of choice', choice, _CHOICES))
        super().__init__(modality)
        self.num_frames, self.choice, self.size = num_frames, choice, size
        self.max_missing_frames = max_missing_frames
        self.cache = None if cache is None else ClipCache(**cache)

    def load(self, stream: dict) -> np.ndarray:
        """Read the pictures of one sample.

        Args:
            stream: Holds ``path`` and ``format``.

        Returns:
            uint8 (3, T, H, W) in RGB order.

        Raises:
            UnreadableSampleError: If a picture cannot be decoded, too many frames are missing or
                the frames of a clip differ in size.
            KeyError: If the stream has a format that this transform does not read.
        """
        pictures = [self._read(path) for path in self.files(stream)]
        if len({picture.shape for picture in pictures}) > 1:
            raise UnreadableSampleError(f'The frames of {stream["path"]} differ in size: '
                                        f'{[picture.shape[:2] for picture in pictures]}.')
        frames = np.stack(pictures) if len(pictures) > 1 else pictures[0][np.newaxis]
        return frames.transpose(3, 0, 1, 2)

    def files(self, stream: dict) -> list[str]:
        """Choose the pictures of one sample.

        Args:
            stream: Holds ``path`` and ``format``.

        Returns:
            Addresses of T files.

        Raises:
            UnreadableSampleError: If too many frames are missing.
            KeyError: If the stream has a format that this transform does not read.
        """
        listers = dict(frames=self._chosen_frames, image=lambda path: [path])
        if stream['format'] not in listers:
            raise KeyError(f'LoadImages reads the formats {tuple(listers)}, but stream '
                           f'{self.modality!r} has {stream["format"]!r}; put its own loader into '
                           'the pipeline.')
        return listers[stream['format']](stream['path'])

    def _read(self, path: str) -> np.ndarray:
        if self.cache is None:
            return read_image(path, self.size)
        kept = self.cache.fetch([*file_identity(path), self.size],
                                lambda: read_image(path, self.size)[np.newaxis])
        # What is mapped from the disk cannot be written to.
        return np.array(kept[0])

    def _chosen_frames(self, folder: str) -> list[str]:
        files = frame_files(folder)
        missing = self.num_frames - len(files)
        if missing > self.max_missing_frames:
            raise UnreadableSampleError(
                f'{folder} lacks {missing} of the {self.num_frames} frames that LoadImages reads '
                f'(at most {self.max_missing_frames} may be missing).')
        if missing > 0:
            return files + files[-1:] * missing
        edges = np.linspace(0, len(files), self.num_frames + 1)
        numbers = np.minimum(_CHOICES[self.choice](edges), len(files) - 1)
        return [files[int(number)] for number in numbers]
