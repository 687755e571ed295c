"""Late fusion: the sum of linear classifiers."""
from __future__ import annotations

from typing import Mapping

import torch
import torch.nn as nn
from mmengine.model import ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.fusions.base import Fusion, WeightBlock
from projects.bss.models.presence import Present, zero_absent


@MODELS.register_module()
class SumFusion(Fusion):
    """Add the logits of one linear classifier per modality.

    The function is that of a classifier on concatenated features, but with one bias per modality.

    Args:
        in_channels: Width of the features by modality.
        num_classes: Number of classes C.
        init_cfg: Initialisation config of mmengine.
    """

    gives_logits = True

    def __init__(self, in_channels: Mapping[str, int], num_classes: int,
                 init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, num_classes, init_cfg)
        self.classifiers = ModuleDict({name: nn.Linear(width, num_classes)
                                       for name, width in in_channels.items()})

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Classify and add.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Whether each sample has a modality, bool, shape (N,); an absent one adds
                nothing, not even its bias. None for all.

        Returns:
            Fused logits, shape (N, C).
        """
        logits = zero_absent(self.classify_each(features), present)
        return torch.stack(list(logits.values())).sum(dim=0)

    def classify_each(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Classify the features of every modality.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).

        Returns:
            Logits by modality, each of shape (N, C).
        """
        return {name: layer(features[name]) for name, layer in self.classifiers.items()}

    def split_logits(self, features: Mapping[str, Tensor],
                     classifier: nn.Module) -> dict[str, Tensor]:
        """Give the logits of the modalities' own classifiers; their sum is the fused one."""
        return self.classify_each(features)

    def modality_weights(self, classifier: nn.Module) -> dict[str, WeightBlock]:
        """Give the weights of the modalities' own classifiers."""
        return {name: (layer.weight, slice(None)) for name, layer in self.classifiers.items()}
