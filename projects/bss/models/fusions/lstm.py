"""A stacked LSTM that reads the modalities one after the other (ML-LSTM)."""
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
class LSTMFusion(Fusion):
    """Read the features of a sample as a sequence of modalities, and keep all hidden states.

    A reconstruction: neither code nor full text of the method was at hand. The order of
    ``in_channels`` is that of the sequence and matters.

    Args:
        in_channels: Width of the features by modality.
        hidden: Width h of the projected features and of the hidden states.
        num_layers: Number of LSTM layers.
        init_cfg: Initialisation config of mmengine.

    Reference:
        Nie et al., "Multi-modal feature fusion based on multi-layers LSTM for video emotion
        recognition", Multimedia Tools and Applications 80, 2021.
    """

    def __init__(self, in_channels: Mapping[str, int], hidden: int = 512, num_layers: int = 2,
                 init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, hidden * len(in_channels), init_cfg)
        self.projections = ModuleDict({name: nn.Linear(width, hidden)
                                       for name, width in in_channels.items()})
        self.lstm = nn.LSTM(hidden, hidden, num_layers, batch_first=True)

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Read the modalities.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Ignored; of an absent modality the LSTM reads the projection of zeros.

        Returns:
            Hidden states of the last layer at every step, concatenated, shape (N, M * hidden).
        """
        steps = [layer(features[name]) for name, layer in self.projections.items()]
        states, _ = self.lstm(torch.stack(steps, dim=1))
        return states.flatten(1)
