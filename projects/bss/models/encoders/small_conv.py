"""A small convolutional network, for machines without an accelerator."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn as nn
from mmengine.registry import MODELS

from projects.bss.models.encoders.adapters import TrunkEncoder


@MODELS.register_module()
class SmallConvEncoder(TrunkEncoder):
    """Strided convolutions with batch normalisation, averaged over regions of the picture.

    Args:
        in_channels: Number of input channels of a picture.
        widths: Number of channels of each layer; each halves height and width.
        stacked_frames: Number of frames T of every clip, if its frames are to be the channels of
            one picture, so that the first layer sees motion; None sees the frames one by one and
            averages their features.
        grid: Number of regions along height and width, at least 1. Features are averaged within
            each; a linear layer makes one vector of several, so that it matters where they are.

    Raises:
        ValueError: If ``widths`` is empty or ``grid`` is not positive.
    """

    reads_frames = True

    def __init__(self, in_channels: int = 3, widths: Sequence[int] = (16, 32, 64),
                 stacked_frames: int | None = None, grid: int = 1) -> None:
        super().__init__()
        if not widths:
            raise ValueError('`widths` must name the width of at least one layer, but is empty: '
                             'give some, e.g. (16, 32, 64).')
        if grid < 1:
            raise ValueError(f'`grid` must be at least 1, but got {grid}: 1 averages over the '
                             'whole picture.')
        layers: list[nn.Module] = []
        if stacked_frames is not None:
            self.reads_frames = False
            layers.append(nn.Flatten(1, 2))
            in_channels *= stacked_frames
        for before, after in pairwise((in_channels, *widths)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                       nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [nn.AdaptiveAvgPool2d(grid), nn.Flatten()]
        if grid > 1:
            layers += [nn.Linear(widths[-1] * grid**2, widths[-1]), nn.ReLU(inplace=True)]
        self.trunk = nn.Sequential(*layers)
        self.out_channels = widths[-1]
