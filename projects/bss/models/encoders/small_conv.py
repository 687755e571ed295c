"""A small convolutional network, for machines without an accelerator."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn as nn
from mmengine.registry import MODELS

from projects.bss.models.encoders.adapters import TrunkEncoder


@MODELS.register_module()
class SmallConvEncoder(TrunkEncoder):
    """Strided convolutions with batch normalisation, averaged over all positions.

    Args:
        in_channels: Number of input channels.
        widths: Number of channels of each layer; each halves height and width.

    Raises:
        ValueError: If ``widths`` is empty.
    """

    reads_frames = True

    def __init__(self, in_channels: int = 3, widths: Sequence[int] = (16, 32, 64)) -> None:
        super().__init__()
        if not widths:
            raise ValueError('`widths` must name the width of at least one layer, but is empty: '
                             'give some, e.g. (16, 32, 64).')
        layers: list[nn.Module] = []
        for before, after in pairwise((in_channels, *widths)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                       nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        self.trunk = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.out_channels = widths[-1]
