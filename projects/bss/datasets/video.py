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
            of its argument, uint8 (h, w) or (h, w, C), of the same shape each time.
        max_missing: Largest number of requested frames that may be missing at the end.

    Returns:
        uint8 (C, T, h, w) with T = len(numbers).

    Raises:
        UnreadableSampleError: If the file cannot be opened, no requested frame can be decoded or
            more than ``max_missing`` are missing.
        ValueError: If ``numbers`` is not ascending.
    """
    clip, filled = decode_planes(path, numbers, view)
    require_frames(path, numbers, filled, max_missing)
    clip[:, filled:] = clip[:, filled - 1:filled]
    return clip


def decode_planes(path: str, numbers: np.ndarray,
                  view: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, int]:
    """Decode frames into one block of planes.

    Args:
        path: Video file.
        numbers: Frame numbers from 0, (T,), in ascending order.
        view: What to keep of a frame, as in ``read_video``.

    Returns:
        uint8 (C, T, h, w), and how many of the T frames there are before the video ends; what
        follows them is not set.

    Raises:
        UnreadableSampleError: If the file cannot be opened.
        ValueError: If ``numbers`` is not ascending.
    """
    clip, filled = np.empty((0, 0, 0, 0), np.uint8), 0
    for filled, frame in enumerate(decode_frames(path, numbers), start=1):
        # OpenCV parts the channels of a contiguous picture in a tenth of the time.
        kept = np.ascontiguousarray(view(frame))
        if filled == 1:
            height, width, *channels = kept.shape
            clip = np.empty((*(channels or [1]), len(numbers), height, width), np.uint8)
        cv2.split(kept, list(clip[:, filled - 1]))
    return clip, filled


def require_frames(path: str, numbers: np.ndarray, found: int, max_missing: int) -> None:
    """Check that a video holds enough of the requested frames.

    Args:
        path: Video file.
        numbers: Requested frame numbers, (T,).
        found: How many of them the video holds.
        max_missing: How many may be missing.

    Raises:
        UnreadableSampleError: If it holds none, or too many are missing.
    """
    missing = len(numbers) - found
    if missing and (missing > max_missing or not found):
        raise UnreadableSampleError(
            f'{path} lacks {missing} of the frames {numbers[0]} to {numbers[-1]} (at most '
            f'{max_missing} may be missing).')


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
