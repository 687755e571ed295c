"""What every fusion has in common."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import ClassVar, Mapping

import torch
import torch.nn as nn
from mmengine.model import BaseModule
from torch import Tensor

from projects.bss.models.base import encode_each
from projects.bss.models.presence import Present

WeightBlock = tuple[nn.Parameter, slice]  # a weight, and those of its columns that are meant


class Fusion(BaseModule, metaclass=ABCMeta):
    """Module that joins the features of all modalities into one vector (Eq. 2).

    Args:
        in_channels: Width of the features by modality; its order is the order of the fusion.
        out_channels: Width of the fused vector.
        init_cfg: Initialisation config of mmengine.

    Attributes:
        gives_logits: Whether the fused vector holds the fused logits already, so that no
            classifier follows.
        encodes_jointly: Whether the features of a modality depend on the other modalities.
    """

    gives_logits: ClassVar[bool] = False
    encodes_jointly: ClassVar[bool] = False

    def __init__(self,
                 in_channels: Mapping[str, int],
                 out_channels: int,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.in_channels = dict(in_channels)
        self.out_channels = out_channels

    def encode(self, encoders: Mapping[str, nn.Module], inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Encode all modalities; a fusion that acts inside the encoders overrides this.

        Args:
            encoders: Encoder by modality.
            inputs: Batched inputs by modality, each of shape (N, ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Features by modality, each of shape (N, d_m).
        """
        return encode_each(encoders, inputs)

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Fuse features.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]); zeros where a
                modality is absent.
            present: Whether each sample has a modality, bool, shape (N,); None for all. A fusion
                for which zeros say enough ignores it.

        Returns:
            Fused vectors, shape (N, out_channels).
        """

    def split_logits(self, features: Mapping[str, Tensor],
                     classifier: nn.Module) -> dict[str, Tensor]:
        """Tell what each modality contributes to the fused logits.

        In general these are the logits of samples that have only this modality; a fusion that
        knows an exact split overrides this.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            classifier: Classifier of the fused vector.

        Returns:
            Logits by modality, each of shape (N, C).
        """
        return {name: classifier(self(*self._alone(features, name))) for name in self.in_channels}

    def modality_weights(self, classifier: nn.Module) -> dict[str, WeightBlock]:
        """Tell which weights behind the encoders read one modality alone.

        Args:
            classifier: Classifier of the fused vector.

        Returns:
            Weight of shape (C, ...) and the columns that read the modality, by modality; empty for
            a fusion that mixes the modalities before the classifier, as in general.
        """
        return {}

    def _alone(self, features: Mapping[str, Tensor],
               kept: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        only = {name: features[name] if name == kept else torch.zeros_like(features[name])
                for name in self.in_channels}
        present = {name: torch.full(z.shape[:1], name == kept, device=z.device)
                   for name, z in only.items()}
        return only, present
