"""Weights in the memory format that convolutions of accelerators like best."""
from __future__ import annotations

import torch
from torch import nn

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def use_channels_last(module: nn.Module) -> None:
    """Store the kernels of 2-D and 3-D convolutions with their channels last.

    A convolution takes up the format of its kernels and hands it on, so inputs need no change.
    Values, names and shapes stay, and checkpoints fit either way.

    Args:
        module: Module whose parameters are stored anew.
    """
    for parameter in module.parameters():
        if parameter.dim() in _FORMATS:
            parameter.data = parameter.data.contiguous(memory_format=_FORMATS[parameter.dim()])
