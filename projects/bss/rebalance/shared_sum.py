"""Late fusion by one classifier that all modalities share."""
from __future__ import annotations

from typing import Mapping, Sequence

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor
from torchvision.ops import MLP

from projects.bss.models import Fusion
from projects.bss.models.presence import Present, zero_absent


@MODELS.register_module()
class SharedSumFusion(Fusion):
    """Add the logits that one classifier, shared by all modalities, gives to their features.

    Args:
        in_channels: Width of the features by modality, the same for all.
        num_classes: Number of classes C.
        hidden: Widths of the hidden layers of the shared classifier, each followed by a ReLU.
        init_cfg: Initialisation config of mmengine.

    Attributes:
        scale: Learnable factor rho of the sum, 1 at the beginning.

    Raises:
        ValueError: If widths differ.
    """

    gives_logits = True

    def __init__(self, in_channels: Mapping[str, int], num_classes: int,
                 hidden: Sequence[int] = (256, ), init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, num_classes, init_cfg)
        widths = set(in_channels.values())
        if len(widths) != 1:
            raise ValueError('`in_channels` must give one width to all modalities, because they '
                             f'share a classifier, but got {dict(in_channels)}: give the encoders '
                             'the same width, for instance by their `out_channels`.')
        self.classifier = MLP(widths.pop(), [*hidden, num_classes])
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Classify and add.

        Args:
            features: Features by modality, each of shape (N, d).
            present: Whether each sample has a modality, bool, shape (N,); an absent one adds
                nothing. None for all.

        Returns:
            Fused logits, shape (N, C).
        """
        return self.combine(zero_absent(self.classify_each(features), present))

    def classify_each(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Classify the features of every modality.

        Args:
            features: Features by modality, each of shape (N, d).

        Returns:
            Logits by modality, each of shape (N, C).
        """
        return {name: self.classifier(features[name]) for name in self.in_channels}

    def combine(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Add logits of modalities, shape (N, C) each, and scale the sum."""
        return self.scale * torch.stack(list(logits.values())).sum(dim=0)

    def split_logits(self, features: Mapping[str, Tensor],
                     classifier: nn.Module) -> dict[str, Tensor]:
        """Give the logits of the modalities; their sum times the scale is the fused one."""
        return self.classify_each(features)
