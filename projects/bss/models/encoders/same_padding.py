"""Padding that leaves ``ceil(size / stride)`` positions, and max pooling behind it."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def pad_same(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Pad with zeros so that a strided window leaves ``ceil(size / stride)`` positions.

    Args:
        x: Volume, shape (N, C, T, H, W).
        kernel: Window size along (T, H, W).
        stride: Stride along (T, H, W).

    Returns:
        Padded volume. Where the padding is odd the far end gets one more, as in TensorFlow.
    """
    ends = [_ends(*sizes) for sizes in zip(x.shape[2:], kernel, stride)]
    return F.pad(x, [width for pair in reversed(ends) for width in pair])


def max_pool_same(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Take the largest value of each window of a rectified volume, behind "same" padding.

    On the CPU PyTorch also finds the indices that a backward pass needs, which takes a third of an
    I3D forward pass unless the channels come last. Without gradients the axes are pooled one by
    one, to the same values.

    Args:
        x: Volume, shape (N, C, T, H, W), >= 0, so that padding never wins.
        kernel: Window size along (T, H, W).
        stride: Stride along (T, H, W).

    Returns:
        Largest value of each window, shape (N, C, ceil(T / s_T), ceil(H / s_H), ceil(W / s_W)).
    """
    if (torch.is_grad_enabled() or x.device.type != 'cpu'
            or x.is_contiguous(memory_format=torch.channels_last_3d)):
        return _max_pool3d(x, kernel, stride)
    for axis, (k, s) in enumerate(zip(kernel, stride), start=2):
        x = _pool_axis(x.movedim(axis, -1), k, s).movedim(-1, axis)
    return x


def _ends(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max(kernel - (size % stride or stride), 0)
    return total // 2, total - total // 2


def _max_pool3d(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    ends = [_ends(*sizes) for sizes in zip(x.shape[2:], kernel, stride)]
    if any(near != far for near, far in ends):
        return F.max_pool3d(pad_same(x, kernel, stride), kernel, stride)
    # Spares a padded copy of the volume.
    return F.max_pool3d(x, kernel, stride, [near for near, _ in ends])


def _pool_axis(x: Tensor, kernel: int, stride: int) -> Tensor:
    """Pool the last axis without a padded copy: windows skip what lies outside."""
    near, size = _ends(x.shape[-1], kernel, stride)[0], x.shape[-1]
    pooled = x[..., ::stride]
    if kernel == 1:
        return pooled
    pooled = pooled.clone()
    for shift in (*range(-near, 0), *range(1, kernel - near)):
        # Windows o whose entry o * stride + shift lies in the volume.
        first, behind = max(0, -(shift // stride)), max(0, (size - 1 - shift) // stride + 1)
        entries = x[..., first * stride + shift::stride]
        there = pooled[..., first:behind]
        torch.maximum(there, entries[..., :there.shape[-1]], out=there)
    return pooled
