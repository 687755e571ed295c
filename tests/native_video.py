"""Small videos with sound."""
from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

RATE = 16000


def write_avi(path: Path, frames: int, fps: int, sound: np.ndarray) -> None:
    """Write a Motion-JPEG video with 16-bit sound, frame t flat with the grey value 4 t mod 256.

    Args:
        path: The ``.avi`` file.
        frames: Number of frames.
        fps: Frames per second.
        sound: int16 (S,), at 16,000 Hz.
    """
    pictures = [cv2.imencode('.jpg', np.full((32, 32, 3), 4 * number % 256, np.uint8))[1].tobytes()
                for number in range(frames)]
    share = RATE // fps
    movie = b'movi'
    for number, picture in enumerate(pictures):
        movie += _chunk(b'00dc', picture)
        movie += _chunk(b'01wb', sound[number * share:(number + 1) * share].tobytes())
    main = struct.pack('<14I', 1_000_000 // fps, 0, 0, 0x100, frames, 0, 2, 0, 32, 32, 0, 0, 0, 0)
    picture_format = struct.pack('<IiiHH4sIiiII', 40, 32, 32, 1, 24, b'MJPG', 32 * 32 * 3, 0, 0, 0,
                                 0)
    sound_format = struct.pack('<HHIIHH', 1, 1, RATE, 2 * RATE, 2, 16)
    header = b'hdrl' + _chunk(b'avih', main)
    header += _stream(b'vids', b'MJPG', 1, fps, frames, 0, picture_format)
    header += _stream(b'auds', b'\0\0\0\0', 2, 2 * RATE, len(sound), 2, sound_format)
    path.write_bytes(_chunk(b'RIFF', b'AVI ' + _chunk(b'LIST', header) + _chunk(b'LIST', movie)))


def _stream(kind: bytes, handler: bytes, scale: int, rate: int, length: int, sample: int,
            form: bytes) -> bytes:
    head = kind + handler + struct.pack('<IHHIIIIIIIIhhhh', 0, 0, 0, 0, scale, rate, 0, length, 0,
                                        0, sample, 0, 0, 0, 0)
    return _chunk(b'LIST', b'strl' + _chunk(b'strh', head) + _chunk(b'strf', form))


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack('<I', len(content)) + content + b'\0' * (len(content) % 2)
