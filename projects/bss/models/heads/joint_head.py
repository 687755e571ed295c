"""One classifier per modality and one for the fused stream."""
from __future__ import annotations

from typing import Mapping, Sequence

import torch.nn as nn
from mmengine.model import ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import stream_weights
from projects.bss.functional.measure import FUSED
from projects.bss.models.fusions import Fusion
from projects.bss.models.fusions.base import WeightBlock
from projects.bss.models.heads.base import StreamHead, check_streams, fused_classifier
from projects.bss.models.presence import Present


@MODELS.register_module()
class JointHead(StreamHead):
    """Linear classifiers of all streams, trained together.

    Args:
        num_classes: Number of classes C.
        in_channels: Width of the features by modality.
        fused_channels: Width of the fused vector; None for a fusion that gives logits itself.
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
                 fused_channels: int | None,
                 alpha: float = 0.2,
                 loss_weights: Mapping[str, float] | None = None,
                 inference_streams: Sequence[str] | None = None,
                 init_cfg: dict | None = None) -> None:
        streams = (*in_channels, FUSED)
        check_streams('loss_weights', loss_weights or (), streams)
        check_streams('inference_streams', inference_streams or (), streams)
        super().__init__(num_classes, fused_channels, stream_weights(streams, alpha, loss_weights),
                         streams if inference_streams is None else inference_streams, in_channels,
                         init_cfg)
        self.classifiers = ModuleDict({
            **{name: nn.Linear(width, num_classes) for name, width in in_channels.items()},
            FUSED: fused_classifier(fused_channels, num_classes)
        })

    def forward(self, features: Mapping[str, Tensor], fusion: Fusion | None = None,
                present: Present | None = None) -> dict[str, Tensor]:
        """Classify every stream.

        Args:
            features: Features by stream, each of shape (N, d), ``'fused'`` among them.
            fusion: Not used.
            present: Not used.

        Returns:
            Logits by stream, the modalities first and ``'fused'`` last, each of shape (N, C).
        """
        return {name: layer(features[name]) for name, layer in self.classifiers.items()}

    def modality_weights(self, fusion: Fusion) -> dict[str, list[WeightBlock]]:
        """Give each modality's own classifier and its columns of the fused one."""
        blocks = fusion.modality_weights(self.classifiers[FUSED])
        return {name: [(layer.weight, slice(None)), *([blocks[name]] if name in blocks else [])]
                for name, layer in self.classifiers.items() if name != FUSED}
