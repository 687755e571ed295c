"""Real and generated gesture clips for tests."""
from __future__ import annotations

import contextlib
import io
from pathlib import Path

import cv2
import numpy as np

from tools.data.nvgesture import extract_flow, make_miniature

REAL_ROOT = Path(__file__).resolve().parents[2] / 'shared' / 'data' / 'nvgesture_mini'
CLIPS = dict(train=4, test=2)


def write_nvgesture(root: Path) -> Path:
    """Lay out a few clips of 80 frames, with flow: real ones where they are at hand.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, with lists of 4 training and 2 test clips whose labels lie in 1..25.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if not REAL_ROOT.is_dir():
            assert make_miniature.main([str(root), '--train', '4', '--test', '2', '--classes',
                                        '25', '--frames', '80', '--size', '128']) == 0
            return root
        for split, count in CLIPS.items():
            _link_clips(root, f'nvgesture_{split}_correct_v2.lst', count)
        assert extract_flow.main([str(root), '--workers', '2']) == 0
    return root


def write_small_miniature(root: Path, **options: object) -> Path:
    """Write the smallest miniature that trains: 16 + 8 clips of 8 frames, 4 classes, 32 pixels.

    Args:
        root: Folder to be made.
        **options: Other options of ``make_miniature.py``.

    Returns:
        ``root``.
    """
    sizes = dict(train=16, test=8, classes=4, frames=8, size=32) | options
    arguments = [part for name, value in sizes.items() for part in (f'--{name}', str(value))]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert make_miniature.main([str(root), *arguments]) == 0
    return root


def write_numbered_video(path: Path, frames: int, step: int = 3, size: int = 32) -> Path:
    """Write a video whose frame t is flat with the value step * t.

    Args:
        path: The ``.avi`` file.
        frames: Number of frames.
        step: Difference of neighbouring frames.
        size: Pixels of a side.

    Returns:
        ``path``.
    """
    numbers = np.arange(frames, dtype=np.uint8) * step
    make_miniature.write_video(path, np.broadcast_to(numbers[:, None, None, None],
                                                     (frames, size, size, 3)).copy())
    return path


def decode_all(path: Path | str) -> list[np.ndarray]:
    """Decode a video from its first frame to its last, without seeking.

    Args:
        path: Video file.

    Returns:
        All frames, BGR.
    """
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        decoded, frame = capture.read()
        if not decoded:
            return frames
        frames.append(frame)


def _link_clips(root: Path, name: str, count: int) -> None:
    lines = (REAL_ROOT / name).read_text().splitlines()[:count]
    for line in lines:
        folder = line.split()[0].removeprefix('path:./')
        (root / folder).mkdir(parents=True, exist_ok=True)
        for file in (REAL_ROOT / folder).iterdir():
            (root / folder / file.name).symlink_to(file)
    (root / name).write_text('\n'.join(lines) + '\n')
