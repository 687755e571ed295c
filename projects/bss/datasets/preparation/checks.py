"""Checks of the files behind the streams of a data set."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import soundfile

from projects.bss.datasets.arrays import read_array
from projects.bss.datasets.audio import is_silent, read_sound, sound_seconds
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.flow import open_flow
from projects.bss.datasets.idx import read_idx
from projects.bss.datasets.images import frame_files, read_image
from projects.bss.datasets.manifest import StreamReport, file_hash
from projects.bss.datasets.video import decode_frames, open_video

MAX_MISSING_FRAMES = 8
"""A video may be so many frames shorter than annotated and still be read."""

Faults = list[tuple[str, str]]


def check_stream(stream: dict, full_decode: bool = False) -> StreamReport:
    """Hash and check the content of one stream.

    Args:
        stream: The stream as a data set describes it.
        full_decode: Whether to decode every frame of a video, once from the beginning and once by
            seeking, which must give the same pictures.

    Returns:
        Its digest and what is wrong with it.
    """
    path = stream.get('path')
    if path is None:
        return _check_values(stream)
    if not Path(path).exists():
        return StreamReport('', (('missing', f'{path} does not exist.'),))
    check = _CHECKS.get(stream['format'], _check_nothing)
    try:
        faults = check(stream, full_decode)
    except UnreadableSampleError as error:
        faults = [('unreadable', str(error))]
    return StreamReport(_digest(stream), tuple(faults))


def _digest(stream: dict) -> str:
    path = Path(stream['path'])
    if stream['format'] == 'idx' and stream['index'] < len(read_idx(str(path))):
        return hashlib.sha256(read_idx(str(path))[stream['index']].tobytes()).hexdigest()
    if path.is_dir():
        files = [file_hash(file) for file in sorted(path.iterdir())]
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return file_hash(path)


def _check_values(stream: dict) -> StreamReport:
    values = {key: value for key, value in stream.items() if key != 'format'}
    if stream.get('absent') or not str(stream.get('text', 'given')).strip():
        return StreamReport('', (('missing', f'The {stream["format"]} is empty.'),))
    return StreamReport(hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest())


def _check_sound(stream: dict, full_decode: bool) -> Faults:
    path = stream['path']
    sound_seconds(path)  # answers a file that is no sound with a sentence
    if is_silent(read_sound(path, soundfile.info(path).samplerate)):
        return [('silent', f'{path} is silent.')]
    return []


def _check_image(stream: dict, full_decode: bool) -> Faults:
    read_image(stream['path'])
    return []


def _check_frames(stream: dict, full_decode: bool) -> Faults:
    for file in frame_files(stream['path']):
        read_image(file)
    return []


def _check_array(stream: dict, full_decode: bool) -> Faults:
    read_array(stream['path'], stream.get('key'))
    return []


def _check_idx(stream: dict, full_decode: bool) -> Faults:
    total = len(read_idx(stream['path']))
    if stream['index'] >= total:
        raise UnreadableSampleError(f'{stream["path"]} has {total} images, so there is none with '
                                    f'index {stream["index"]}.')
    return []


def _check_flow(stream: dict, full_decode: bool) -> Faults:
    return _check_length(stream, len(open_flow(stream['path'], stream['layout'])))


def _check_video(stream: dict, full_decode: bool) -> Faults:
    if full_decode:
        return _check_seeking(stream)
    capture = open_video(stream['path'])
    length = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return _check_length(stream, length)


def _check_seeking(stream: dict) -> Faults:
    path, start, end = stream['path'], stream['start'], stream['end']
    decoded = 0
    sought = decode_frames(path, np.arange(start, end))
    for decoded, frame in enumerate(decode_frames(path, np.arange(end)), start=1):
        if decoded > start and not np.array_equal(frame, next(sought, np.empty(0))):
            return [('seek', f'{path}: seeking does not lead to frame {decoded - 1}.')]
    if not decoded:
        raise UnreadableSampleError(f'{path} holds no frame that can be decoded.')
    return _check_length(stream, decoded)


def _check_length(stream: dict, length: int) -> Faults:
    lacking = (stream.get('end') or 0) - length
    if lacking <= 0:
        return []
    kind = 'short' if lacking <= MAX_MISSING_FRAMES else 'unreadable'
    return [(kind, f'{stream["path"]} lacks {lacking} of its frames up to {stream["end"] - 1}.')]


def _check_nothing(stream: dict, full_decode: bool) -> Faults:
    return []


_CHECKS: dict[str, Callable[[dict, bool], Faults]] = dict(
    audio=_check_sound, image=_check_image, frames=_check_frames, idx=_check_idx,
    array=_check_array, flow=_check_flow, color=_check_video, gray=_check_video)
