"""Weighted sums of features: the weights depend on the sample."""
from __future__ import annotations

from abc import abstractmethod
from typing import Mapping

import torch
import torch.nn as nn
from mmengine.model import ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.fusions.base import Fusion
from projects.bss.models.presence import Present


class WeightedSumFusion(Fusion):
    """Base of the fusions whose output is a convex combination of the features.

    Args:
        in_channels: Width of the features by modality.
        project: Width to which a linear layer brings the features of each modality first; None
            takes them as they are, which needs equal widths.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If the widths differ and ``project`` is None.
    """

    def __init__(self, in_channels: Mapping[str, int], project: int | None = None,
                 init_cfg: dict | None = None) -> None:
        widths = set(in_channels.values())
        if project is None and len(widths) > 1:
            raise ValueError(f'`in_channels` of {type(self).__name__} must be equal for all '
                             f'modalities, but got {dict(in_channels)}: set `project`, e.g. to '
                             '256, to bring them to one width.')
        super().__init__(in_channels, project or widths.pop(), init_cfg)
        self.projections = ModuleDict({
            name: nn.Identity() if project is None else nn.Linear(width, project)
            for name, width in in_channels.items()
        })

    @abstractmethod
    def scores(self, features: Tensor) -> Tensor:
        """Score the features of one modality.

        Args:
            features: Features, shape (N, out_channels).

        Returns:
            Logarithms of the weights before they are normalised over the modalities, shape
            (N, out_channels), or (N, 1) for one weight per sample.
        """

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Weigh and add.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Whether each sample has a modality, bool, shape (N,); an absent one has
                weight 0. None for all.

        Returns:
            Weighted sum, shape (N, out_channels).
        """
        projected = {name: layer(features[name]) for name, layer in self.projections.items()}
        scores = {name: self.scores(z) for name, z in projected.items()}
        if present is not None:
            scores = {name: _without_weight(rows, present[name]) for name, rows in scores.items()}
        weights = torch.stack(list(scores.values())).softmax(dim=0)
        return (weights * torch.stack(list(projected.values()))).sum(dim=0)


def _without_weight(scores: Tensor, there: Tensor) -> Tensor:
    # Not minus infinity, which would make NaN of a sample that has no modality at all.
    return scores.masked_fill(~there[:, None], torch.finfo(scores.dtype).min)


@MODELS.register_module()
class WeightFusion(WeightedSumFusion):
    """Weigh every dimension by the softmax of the features themselves (Weight-A).

    The share a_m of a dimension is its softmax over all dimensions of modality m; its weight is
    a_m / sum of a_k over the modalities.

    Args:
        in_channels: Width of the features by modality.
        project: Width to which a linear layer brings the features of each modality first; None
            takes them as they are, which needs equal widths.
        init_cfg: Initialisation config of mmengine.

    Reference:
        AMSS (TPAMI 2025), published code.
    """

    def scores(self, features: Tensor) -> Tensor:
        """Give the logarithm of the softmax over dimensions, shape (N, out_channels)."""
        return features.log_softmax(dim=1)
