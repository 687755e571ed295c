"""Late fusion by one linear layer that all modalities share; the certain ones count more."""
from __future__ import annotations

from typing import Mapping

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import full_precision
from projects.bss.models.presence import Present, zero_absent

from .shared_sum import SharedSumFusion


def certainty_weights(logits: Mapping[str, Tensor],
                      present: Present | None = None) -> dict[str, Tensor]:
    """Weigh the modalities of every sample by how certain their predictions are.

    Args:
        logits: Logits by modality, each of shape (N, C).
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        ``exp(-e_m)``, shape (N,), by modality, divided by the sum over those that the sample has,
        where e is the entropy of the prediction; 0 for an absent one.

    Reference:
        MLA (CVPR 2024), test-time fusion; here for each sample, as in the paper, whereas the
        published code has one weight per batch.
    """
    certainty = {name: (-torch.special.entr(full_precision(rows).softmax(dim=1)).sum(dim=1)).exp()
                 for name, rows in logits.items()}
    return _normalised(zero_absent(certainty, present))


def _normalised(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    total = torch.stack(list(weights.values())).sum(dim=0)
    some = total.masked_fill(total == 0, 1)  # a sample that has nothing weighs nothing
    return {name: weight / some for name, weight in weights.items()}


@MODELS.register_module()
class SharedEntropyFusion(SharedSumFusion):
    """Average the logits that one linear layer, shared by all modalities, gives to their features.

    Args:
        in_channels: Width of the features by modality, the same for all.
        num_classes: Number of classes C.
        weights: Fixed weight by modality, > 0; None weighs every sample by the certainty of its
            predictions.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If widths differ, or the weights are not positive numbers of all modalities.

    Reference:
        Zhang et al., "Multimodal Representation Learning by Alternating Unimodal Adaptation",
        CVPR 2024. The published code has fixed weights of 0.55 for audio and 0.45 for video, and
        0.35 for audio, 0.25 for video and 0.4 for text.
    """

    def __init__(self, in_channels: Mapping[str, int], num_classes: int,
                 weights: Mapping[str, float] | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, num_classes, hidden=(), init_cfg=init_cfg)
        self.register_parameter('scale', None)  # averages are not scaled
        if weights is not None and (set(weights) != set(in_channels) or min(weights.values()) <= 0):
            raise ValueError('`weights` must give a positive number to each of the modalities '
                             f'{list(in_channels)}, but got {dict(weights)}: leave it at None to '
                             'weigh by certainty.')
        self.weights = None if weights is None else dict(weights)

    @property
    def shared_layer(self) -> nn.Linear:
        """The classifier."""
        return self.classifier[0]

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Classify and average.

        Args:
            features: Features by modality, each of shape (N, d).
            present: Whether each sample has a modality, bool, shape (N,); the weights of the
                others are made to have the sum 1. None for all.

        Returns:
            Fused logits, shape (N, C).
        """
        logits = self.classify_each(features)
        weights = self._weights(logits, present)
        known = zero_absent(logits, present)
        return self.combine({name: weight[:, None] * known[name]
                             for name, weight in weights.items()})

    def combine(self, logits: Mapping[str, Tensor]) -> Tensor:
        """Add weighted logits of modalities, shape (N, C) each."""
        return torch.stack(list(logits.values())).sum(dim=0)

    def _weights(self, logits: Mapping[str, Tensor], present: Present | None) -> dict[str, Tensor]:
        if self.weights is None:
            return certainty_weights(logits, present)
        fixed = {name: full_precision(rows[:, 0]).new_full(rows.shape[:1], self.weights[name])
                 for name, rows in logits.items()}
        return _normalised(zero_absent(fixed, present))
