"""Fusion by concatenation, and how its classifier splits into modalities."""
from __future__ import annotations

from itertools import accumulate
from typing import Mapping

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.fusions.base import Fusion, WeightBlock
from projects.bss.models.presence import Present


def split_logits(features: Mapping[str, Tensor], weight: Tensor,
                 bias: Tensor) -> dict[str, Tensor]:
    """Split the logits of a linear classifier on concatenated features by modality.

    Args:
        features: Features by modality in the order of the concatenation, each (N, d_m).
        weight: Weight of the classifier, shape (C, sum of d_m).
        bias: Bias of the classifier, shape (C,); each modality gets an equal share.

    Returns:
        Logits by modality, each of shape (N, C). Their sum is the classifier's output.

    Reference:
        OGM-GE (CVPR 2022), for two modalities; here for any number.
    """
    blocks = weight.split([z.shape[1] for z in features.values()], dim=1)
    share = bias / len(features)
    return {name: z @ block.T + share for (name, z), block in zip(features.items(), blocks)}


@MODELS.register_module()
class ConcatFusion(Fusion):
    """Concatenate the features of all modalities.

    Args:
        in_channels: Width of the features by modality; its order is that of the concatenation.
    """

    def __init__(self, in_channels: Mapping[str, int]) -> None:
        super().__init__(in_channels, out_channels=sum(in_channels.values()))

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Concatenate.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Ignored; zeros contribute nothing.

        Returns:
            Fused vectors, shape (N, out_channels).
        """
        return torch.cat([features[name] for name in self.in_channels], dim=1)

    def split_logits(self, features: Mapping[str, Tensor],
                     classifier: nn.Module) -> dict[str, Tensor]:
        """Split the logits of the linear classifier exactly: their sum is its output.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            classifier: Linear layer from ``out_channels`` to C.

        Returns:
            Logits by modality, each of shape (N, C).

        Raises:
            TypeError: If the classifier is not linear.
        """
        if not isinstance(classifier, nn.Linear):
            raise TypeError('`classifier` must be a torch.nn.Linear to split its logits by '
                            f'modality, but got a {type(classifier).__name__}.')
        ordered = {name: features[name] for name in self.in_channels}
        return split_logits(ordered, classifier.weight, classifier.bias)

    def modality_weights(self, classifier: nn.Module) -> dict[str, WeightBlock]:
        """Cut the weight of the linear classifier by modality."""
        weight = dict(classifier.named_parameters())['weight']
        ends = accumulate(self.in_channels.values())
        return {name: (weight, slice(end - width, end))
                for (name, width), end in zip(self.in_channels.items(), ends)}
