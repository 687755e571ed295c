"""What every fusion has in common."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Mapping

from mmengine.model import BaseModule
from torch import Tensor


class Fusion(BaseModule, metaclass=ABCMeta):
    """Module that joins the features of all modalities into one vector (Eq. 2).

    Args:
        in_channels: Width of the features by modality; its order is the order of the fusion.
        out_channels: Width of the fused vector.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(self,
                 in_channels: Mapping[str, int],
                 out_channels: int,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.in_channels = dict(in_channels)
        self.out_channels = out_channels

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Fuse features.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).

        Returns:
            Fused vectors, shape (N, out_channels).
        """
