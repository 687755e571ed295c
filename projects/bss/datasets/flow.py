"""Optical flow: storage in 8 bits and reading from arrays."""
from __future__ import annotations

import numpy as np

from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.geometry import Geometry

FLOW_BOUND = 20.0
"""Largest displacement that is kept, in pixels per frame: clipping of the Kinetics flow models."""


def quantise_flow(flow: np.ndarray, bound: float = FLOW_BOUND) -> np.ndarray:
    """Store flow in 8 bits: -bound..bound becomes 0..255, zero motion 127.5.

    Halves are rounded up, so zero is stored as 128, half a step too high; with mean and standard
    deviation 127.5 in the data preprocessor the network sees flow / bound in [-1, 1].

    Args:
        flow: Displacements in pixels, any shape.
        bound: Displacements are clipped to [-bound, bound].

    Returns:
        uint8, same shape.
    """
    scaled = (np.clip(flow, -bound, bound) + bound) * (255 / (2 * bound))
    return np.floor(scaled + 0.5).astype(np.uint8)


def dequantise_flow(stored: np.ndarray, bound: float = FLOW_BOUND) -> np.ndarray:
    """Inverse of ``quantise_flow`` up to half a step (bound / 255).

    Args:
        stored: uint8, any shape.
        bound: The bound with which the flow was stored.

    Returns:
        float32 displacements in pixels, same shape.
    """
    return stored.astype(np.float32) * np.float32(2 * bound / 255) - np.float32(bound)


def mirror_flow(flow: np.ndarray) -> np.ndarray:
    """Negate the horizontal component of flow whose columns were reversed.

    Args:
        flow: (..., 2), uint8 as stored or float in pixels, horizontal component first.

    Returns:
        Same shape and type.
    """
    mirrored = np.array(flow)
    mirrored[..., 0] = 255 - flow[..., 0] if flow.dtype == np.uint8 else -flow[..., 0]
    return mirrored


def open_flow(path: str, layout: str) -> np.ndarray:
    """Open a flow file without reading its fields.

    Args:
        path: ``.npy`` file, uint8 or float.
        layout: Order of the file's axes, a permutation of ``'THWC'``.

    Returns:
        View of the file, (T, H, W, 2).

    Raises:
        UnreadableSampleError: If the file is no such array.
    """
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UnreadableSampleError(f'{path} cannot be read as an array ({error}).') from error
    if array.ndim != 4 or array.dtype.kind not in 'uf' or array.shape[layout.index('C')] != 2 \
            or (array.dtype.kind == 'u' and array.dtype != np.uint8):
        raise UnreadableSampleError(
            f'{path} must hold flow of shape {tuple(layout)} with C = 2, uint8 or float, but holds '
            f'{array.dtype} {array.shape}.')
    return array.transpose([layout.index(axis) for axis in 'THWC'])


def read_flow(path: str, numbers: np.ndarray, geometry: Geometry, layout: str = 'THWC',
              max_missing: int = 8) -> np.ndarray:
    """Read some fields of a flow file, without loading the rest of it.

    Resizing leaves the values alone: their unit stays the pixel of the size at which the flow was
    computed.

    Args:
        path: ``.npy`` file, uint8 as stored by ``quantise_flow`` or float in pixels.
        numbers: Numbers of the fields from 0, (T,).
        geometry: Resize, crop and flip.
        layout: Order of the file's axes, a permutation of ``'THWC'``.
        max_missing: How many of the requested fields may lie beyond the end; the last field
            stands for them.

    Returns:
        (T, h, w, 2), horizontal component first, uint8 or float32 as in the file.

    Raises:
        UnreadableSampleError: If the file is no such array, is too short or, as float, holds
            values that are not finite.
    """
    fields = open_flow(path, layout)
    missing = int((numbers >= len(fields)).sum())
    if missing > max_missing or not len(fields):
        raise UnreadableSampleError(
            f'{path} lacks {missing} of the flow fields {numbers[0]} to {numbers[-1]} (at most '
            f'{max_missing} may be missing).')
    numbers = np.minimum(numbers, len(fields) - 1)
    if fields.shape[1:3] == geometry.resize:
        # Slicing before indexing reads the crop only.
        rows, columns = geometry.window
        clip = fields[:, rows, columns][numbers]
        clip = clip[:, :, ::-1] if geometry.flip else clip
    else:
        clip = np.stack([geometry.apply(np.ascontiguousarray(fields[number]))
                         for number in numbers])
    return _checked_values(path, mirror_flow(clip) if geometry.flip else clip)


def _checked_values(path: str, clip: np.ndarray) -> np.ndarray:
    if clip.dtype == np.uint8:
        return clip
    clip = clip.astype(np.float32)
    if not np.isfinite(clip).all():
        raise UnreadableSampleError(f'{path} holds flow values that are not finite.')
    return clip
