"""Encoders, fusion and head as one model."""
from __future__ import annotations

from typing import Mapping

import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import FUSED
from projects.bss.models.base import StreamClassifier, build_part
from projects.bss.models.fusions import Fusion
from projects.bss.models.heads import StreamHead
from projects.bss.models.presence import Present


@MODELS.register_module()
class MultiModalClassifier(StreamClassifier):
    """Classifier of samples that have several modalities.

    Args:
        encoders: Encoder config by modality, at least two; the order is that of the modalities.
        fusion: Config of the fusion.
        head: Config of the head, which gives logits of each modality and fused ones.
        data_preprocessor: Config of the preprocessor that stacks, moves and normalises.
        init_cfg: Initialisation config of mmengine.
        channels_last: Whether convolutions of the encoders compute with their channels last, which
            GPUs do faster in half precision.

    Raises:
        ValueError: For fewer than two modalities, a modality called ``'fused'``, or modalities or
            widths that differ between encoders, fusion and head.

    Reference:
        BSS (IJCAI 2025), Eqs. 1-4 and 12.
    """

    def __init__(self,
                 encoders: Mapping[str, dict | nn.Module],
                 fusion: dict | nn.Module,
                 head: dict | nn.Module,
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None,
                 channels_last: bool = False) -> None:
        super().__init__(encoders, data_preprocessor, init_cfg, channels_last)
        if len(self.modalities) < 2:
            raise ValueError('`encoders` must hold at least two modalities, but holds '
                             f'{list(self.modalities)}: use UnimodalClassifier for a single one.')
        self.fusion: Fusion = build_part(fusion)
        self.head: StreamHead = build_part(head)
        self.num_classes = self.head.num_classes
        self._check_parts()

    def _check_parts(self) -> None:
        if set(self.fusion.in_channels) != set(self.modalities):
            raise ValueError(
                '`fusion.in_channels` must name the modalities of `encoders`, '
                f'{list(self.modalities)}, but names {list(self.fusion.in_channels)}.')
        self.head.check_fusion(self.fusion)

    def encode(self, inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Encode every modality, as the fusion asks for (Eq. 1).

        Args:
            inputs: Batched inputs by modality, each of shape (N, ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Features by modality, each of shape (N, d_m).

        Raises:
            ValueError: If an encoder's width is not that of the fusion.
        """
        features = self.fusion.encode(self.encoders, inputs, present)
        for name, width in self.fusion.in_channels.items():
            if features[name].shape[1] != width:
                raise ValueError(
                    f"`fusion.in_channels['{name}']` must be the width of that encoder, "
                    f'{features[name].shape[1]}, but got {width}: set it in the fusion, and in '
                    'the head where that has `in_channels`.')
        return features

    def extract_features(self, inputs: Mapping[str, Tensor],
                         present: Present | None = None) -> dict[str, Tensor]:
        """Encode every modality and fuse (Eqs. 1 and 2).

        Args:
            inputs: Batched inputs by modality, each of shape (N, ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Features by modality, each of shape (N, d_m), and ``'fused'``, (N, fused_channels).
        """
        features = super().extract_features(inputs, present)
        return {**features, FUSED: self.fusion(features, present)}

    def classify(self, features: dict[str, Tensor],
                 present: Present | None = None) -> dict[str, Tensor]:
        """Classify every stream.

        Args:
            features: Features by stream, each of shape (N, d).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Logits by stream, each of shape (N, C), and those that the head trains besides.
        """
        return self.head(features, self.fusion, present)

    def loss(self, logits: dict[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the loss terms of the head (Eq. 4).

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Named scalars, already weighted.
        """
        return self.head.loss(logits, labels, present)

    def predict(self, logits: dict[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Compute class probabilities by the head (Eq. 12).

        Args:
            logits: Logits by stream, each of shape (N, C).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Probabilities by stream, each of shape (N, C).
        """
        return self.head.predict(logits, present)
