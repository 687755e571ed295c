"""Reading of picture files and of folders of frames."""
from __future__ import annotations

import io
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from projects.bss.datasets.errors import UnreadableSampleError

_SUFFIXES = ('.jpg', '.jpeg', '.png')
_REDUCED = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4,
            2: cv2.IMREAD_REDUCED_COLOR_2}
_JPEG_START, _JPEG_END = b'\xff\xd8', b'\xff\xd9'


def frame_files(folder: str | Path) -> list[str]:
    """List the frames of a clip.

    Args:
        folder: Folder of pictures, one per frame.

    Returns:
        Addresses of its jpg and png files, sorted by name.

    Raises:
        UnreadableSampleError: If the folder holds no picture or is none.
    """
    names = _frame_names(folder)
    if not names:
        raise UnreadableSampleError(f'{folder} holds no picture ({", ".join(_SUFFIXES)}).')
    return [os.path.join(folder, name) for name in names]


def count_frames(folder: str | Path) -> int:
    """Count the frames of a clip.

    Args:
        folder: Folder of pictures, one per frame.

    Returns:
        Number of its jpg and png files; 0 if there is no such folder.
    """
    return len(_frame_names(folder))


def read_image(path: str, min_side: int | None = None) -> np.ndarray:
    """Decode a picture.

    Args:
        path: Picture file.
        min_side: If given, the picture is decoded at 1/8, 1/4 or 1/2 of its size: the smallest
            of these whose height and width are both at least ``min_side`` pixels, full size if
            none is. That is faster for JPEG.

    Returns:
        uint8 (H, W, 3) in RGB order.

    Raises:
        UnreadableSampleError: If the file cannot be read, is not a picture or ends early.
    """
    try:
        # A third of the time of pathlib and a buffered reader, which counts for small pictures.
        with open(path, 'rb', buffering=0) as file:
            data = file.read()
    except OSError as error:
        raise UnreadableSampleError(f'{path} cannot be read ({error}).') from error
    # OpenCV fills what is missing of a JPEG with grey and says nothing.
    if data.startswith(_JPEG_START) and data.rfind(_JPEG_END) < 0:
        raise UnreadableSampleError(f'{path} ends before its picture does.')
    flag = cv2.IMREAD_COLOR if min_side is None else _reduced_flag(path, data, min_side)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag) if data else None
    if picture is None:
        raise UnreadableSampleError(f'{path} cannot be decoded as a picture.')
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def _frame_names(folder: str | Path) -> list[str]:
    if not os.path.isdir(folder):
        return []
    return sorted(name for name in os.listdir(folder) if name.lower().endswith(_SUFFIXES))


def _reduced_flag(path: str, data: bytes, min_side: int) -> int:
    try:
        # Reads the header only.
        side = min(Image.open(io.BytesIO(data)).size)
    except OSError as error:
        raise UnreadableSampleError(f'{path} cannot be decoded as a picture.') from error
    fitting = [flag for factor, flag in _REDUCED.items() if side // factor >= min_side]
    return fitting[0] if fitting else cv2.IMREAD_COLOR
