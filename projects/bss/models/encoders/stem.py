"""First convolutions for another number of input channels."""
from __future__ import annotations

from torch import Tensor


def inflate_stem(weight: Tensor, in_channels: int) -> Tensor:
    """Spread the kernels of a first convolution over another number of input channels.

    The kernels are summed over their input channels and shared out evenly, so an input whose
    channels are all equal gets the response that it would get from the given kernels.

    Args:
        weight: Kernels, shape (out, in, ...).
        in_channels: New number of input channels, at least 1.

    Returns:
        Kernels, shape (out, in_channels, ...).
    """
    total = weight.sum(dim=1, keepdim=True) / in_channels
    return total.repeat_interleave(in_channels, dim=1)
