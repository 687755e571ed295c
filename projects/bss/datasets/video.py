"""Frame-exact reading of video files."""
from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from projects.bss.datasets.errors import UnreadableSampleError


def read_video(path: str, numbers: np.ndarray, view: Callable[[np.ndarray], np.ndarray],
               max_missing: int = 8) -> np.ndarray:
    """Decode some frames of a video and keep one view of each.

    A video that ends early is continued with its last frame: in real recordings the streams of a
    clip differ in length by a frame.

    Args:
        path: Video file.
        numbers: Frame numbers from 0, (T,), in ascending order; a number may occur more than once.
        view: What to keep of a decoded frame, uint8 (H, W, 3) in BGR order; it may return a view
            of its argument, of the same shape each time.
        max_missing: Largest number of requested frames that may be missing at the end.

    Returns:
        (T, ...) with T = len(numbers).

    Raises:
        UnreadableSampleError: If the file cannot be opened, no requested frame can be decoded or
            more than ``max_missing`` are missing.
        ValueError: If ``numbers`` is not ascending.
    """
    clip = np.empty(0)
    filled = 0
    for filled, frame in enumerate(decode_frames(path, numbers), start=1):
        kept = view(frame)
        if filled == 1:
            clip = np.empty((len(numbers), *kept.shape), kept.dtype)
        clip[filled - 1] = kept
    missing = len(numbers) - filled
    if missing and (missing > max_missing or not filled):
        raise UnreadableSampleError(
            f'{path} lacks {missing} of the frames {numbers[0]} to {numbers[-1]} (at most '
            f'{max_missing} may be missing).')
    clip[filled:] = clip[filled - 1:filled]
    return clip


def open_video(path: str) -> cv2.VideoCapture:
    """Open a video.

    Args:
        path: Video file.

    Returns:
        The opened file, before its first frame.

    Raises:
        UnreadableSampleError: If it cannot be opened.
    """
    # Loader workers already run in parallel: more decoder threads only cost their start-up.
    capture = cv2.VideoCapture(path, cv2.CAP_ANY, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        raise UnreadableSampleError(f'{path} cannot be opened as a video.')
    return capture


def decode_frames(path: str, numbers: np.ndarray) -> Iterator[np.ndarray]:
    """Decode frames one by one.

    Args:
        path: Video file.
        numbers: Frame numbers from 0, (T,), in ascending order.

    Yields:
        uint8 (H, W, 3) in BGR order for each number, until the video ends.

    Raises:
        UnreadableSampleError: If the file cannot be opened.
        ValueError: If ``numbers`` is not ascending.
    """
    if np.any(np.diff(numbers) < 0):
        raise ValueError(f'Frame numbers must be ascending, got {numbers.tolist()}; sort them.')
    capture = _open_at(path, int(numbers[0]))
    try:
        yield from _decode(capture, numbers)
    finally:
        capture.release()


def _decode(capture: cv2.VideoCapture, numbers: np.ndarray) -> Iterator[np.ndarray]:
    position, frame = int(numbers[0]), None
    for number in numbers:
        # grab() steps without the colour conversion that only retrieve() pays for.
        while position <= number:
            if not capture.grab():
                return
            position, frame = position + 1, None
        if frame is None:
            decoded, frame = capture.retrieve()
            if not decoded:
                return
        yield frame


def _open_at(path: str, start: int) -> cv2.VideoCapture:
    capture = open_video(path)
    if start:
        capture.set(cv2.CAP_PROP_POS_FRAMES, start)
        if capture.get(cv2.CAP_PROP_POS_FRAMES) != start:
            # The container cannot seek to this frame: count from the beginning instead.
            capture.release()
            capture = open_video(path)
            for _ in range(start):
                capture.grab()
    return capture
