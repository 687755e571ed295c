"""One classifier per modality and one for the fused stream."""
from __future__ import annotations

from typing import Mapping, Sequence

import torch
import torch.nn as nn
from mmengine.model import BaseModule, ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import multimodal_loss, stream_weights
from projects.bss.functional.measure import FUSED


@MODELS.register_module()
class JointHead(BaseModule):
    """Linear classifiers of all streams, trained together.

    Args:
        num_classes: Number of classes C.
        in_channels: Width of the features by modality.
        fused_channels: Width of the fused vector.
        alpha: Share of each unimodal loss, in [0, 1]; the fused one has ``1 - alpha``.
        loss_weights: Weight by stream, which replaces ``alpha``. The authors' code uses 1 for
            every stream of NVGesture.
        inference_streams: Streams whose logits are summed for the prediction; ``None`` for all.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: For ``alpha`` outside [0, 1], a stream without a weight, an unknown stream, or
            no stream to infer from.

    Reference:
        BSS (IJCAI 2025), Eqs. 3, 4 and 12.
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: Mapping[str, int],
                 fused_channels: int,
                 alpha: float = 0.2,
                 loss_weights: Mapping[str, float] | None = None,
                 inference_streams: Sequence[str] | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.in_channels = dict(in_channels)
        self.fused_channels = fused_channels
        self.streams = (*self.in_channels, FUSED)
        self._check_streams('loss_weights', loss_weights)
        self._check_streams('inference_streams', inference_streams)
        if inference_streams is not None and not inference_streams:
            raise ValueError('`inference_streams` must name at least one stream, but is empty: '
                             'name some, or leave it at None for all.')
        self.loss_weights = stream_weights(self.streams, alpha, loss_weights)
        self.inference_streams = tuple(inference_streams or self.streams)
        self.classifiers = ModuleDict({
            name: nn.Linear(width, num_classes)
            for name, width in (self.in_channels | {FUSED: fused_channels}).items()
        })

    def _check_streams(self, argument: str, names: Sequence[str] | Mapping | None) -> None:
        unknown = sorted(set(names or ()) - set(self.streams))
        if unknown:
            raise ValueError(f'`{argument}` must name streams of this head, which are '
                             f'{self.streams}, but got {unknown}: correct or remove them.')

    def forward(self, features: Mapping[str, Tensor], fused: Tensor) -> dict[str, Tensor]:
        """Classify every stream.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            fused: Fused vectors, shape (N, fused_channels).

        Returns:
            Logits by stream, the modalities first and ``'fused'`` last, each of shape (N, C).
        """
        vectors = {**{name: features[name] for name in self.in_channels}, FUSED: fused}
        return {name: self.classifiers[name](vector) for name, vector in vectors.items()}

    def loss(self, logits: Mapping[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Compute the weighted loss of each stream; their sum is the training loss.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,), in [0, C).

        Returns:
            ``loss_<stream>`` by name, each a scalar.

        Reference:
            BSS, Eq. 4.
        """
        return {
            f'loss_{name}':
            multimodal_loss({name: logits[name]}, labels, weights=self.loss_weights).mean()
            for name in self.streams
        }

    def predict(self, logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Turn logits into class probabilities.

        Args:
            logits: Logits by stream, each of shape (N, C).

        Returns:
            Probabilities by stream, each of shape (N, C), float32. ``'fused'`` stands for the
            sum of the logits of ``inference_streams``.

        Reference:
            BSS, Eq. 12.
        """
        total = torch.stack([logits[name].float() for name in self.inference_streams]).sum(dim=0)
        combined = {**logits, FUSED: total}
        return {name: combined[name].float().softmax(dim=1) for name in self.streams}
