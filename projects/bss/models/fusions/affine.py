"""Affine fusion: some modalities scale and shift another (FiLM)."""
from __future__ import annotations

from typing import Mapping

import torch
import torch.nn as nn
from mmengine.model import ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.fusions.base import Fusion
from projects.bss.models.presence import Present


@MODELS.register_module()
class AffineFusion(Fusion):
    """Modulate the features of one modality by scales and shifts that the others predict.

    With more than two modalities the scales of all others are added, and so are the shifts; no
    rule is published for them.

    Args:
        in_channels: Width of the features by modality.
        base: The modality that is modulated; None for the last one.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``base`` is not a modality.

    Reference:
        Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018.
    """

    def __init__(self, in_channels: Mapping[str, int], base: str | None = None,
                 init_cfg: dict | None = None) -> None:
        base = list(in_channels)[-1] if base is None else base
        if base not in in_channels:
            raise ValueError(f'`base` must be one of the modalities {list(in_channels)}, but got '
                             f'{base!r}.')
        super().__init__(in_channels, in_channels[base], init_cfg)
        self.base = base
        self.generators = ModuleDict({name: nn.Linear(width, 2 * self.out_channels)
                                      for name, width in in_channels.items() if name != base})

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Scale and shift the features of the base modality.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Ignored; a modality that is absent scales and shifts by its biases.

        Returns:
            Modulated features, shape (N, out_channels).
        """
        generated = [layer(features[name]) for name, layer in self.generators.items()]
        scale, shift = torch.stack(generated).sum(dim=0).chunk(2, dim=1)
        return scale * features[self.base] + shift
