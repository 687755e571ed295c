"""Length of videos whose annotation does not say it."""
from __future__ import annotations

import cv2
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.video import open_video

_VIDEOS = ('color', 'gray')


@TRANSFORMS.register_module()
class CountFrames(BaseTransform):
    """Take whole videos as clips where the annotation names no frames.

    Stands before ``SampleWindow``. Adds ``start`` = 0 and ``end`` to streams of format ``'color'``
    and ``'gray'`` that lack them.
    """

    def transform(self, results: dict) -> dict:
        """Count the frames of one sample.

        Args:
            results: Holds ``modalities``.

        Returns:
            ``results``, where all video streams have ``start`` and ``end``.

        Raises:
            UnreadableSampleError: If a video cannot be opened or has no frames.
        """
        for stream in results['modalities'].values():
            if stream['format'] in _VIDEOS and 'start' not in stream and 'path' in stream:
                stream.update(start=0, end=count_frames(stream['path']))
        return results


def count_frames(path: str) -> int:
    """Count the frames of a video: as its header says, or by reading it where that says nothing.

    Args:
        path: Video file.

    Returns:
        Number of frames, at least 1.

    Raises:
        UnreadableSampleError: If the file cannot be opened or has no frames.
    """
    capture = open_video(path)
    count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    if count <= 0:
        count = 0
        while capture.grab():
            count += 1
    capture.release()
    if not count:
        raise UnreadableSampleError(f'{path} has no frames.')
    return count
