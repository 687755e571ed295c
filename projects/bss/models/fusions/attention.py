"""Attention over the modalities of a sample (CMML)."""
from __future__ import annotations

from typing import Mapping

import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.fusions.weight import WeightedSumFusion


@MODELS.register_module()
class AttentionFusion(WeightedSumFusion):
    """Weigh every modality of a sample by the softmax of a learned score (Weight-B).

    One perceptron, d -> d/2 -> 1 with a ReLU, scores all modalities.

    Args:
        in_channels: Width of the features by modality.
        project: Width to which a linear layer brings the features of each modality first; None
            takes them as they are, which needs equal widths.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If the widths differ and ``project`` is None.

    Reference:
        Yang et al., "Comprehensive Semi-Supervised Multi-Modal Learning", IJCAI 2019.
    """

    def __init__(self, in_channels: Mapping[str, int], project: int | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, project, init_cfg)
        hidden = max(1, self.out_channels // 2)
        self.attention = nn.Sequential(
            nn.Linear(self.out_channels, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def scores(self, features: Tensor) -> Tensor:
        """Score each sample, shape (N, 1)."""
        return self.attention(features)
