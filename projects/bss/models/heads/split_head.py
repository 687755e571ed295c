"""A single classifier on the fused vector, as the fusions of the literature have."""
from __future__ import annotations

from typing import Mapping, Sequence

import torch
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import FUSED
from projects.bss.models.fusions import Fusion
from projects.bss.models.fusions.base import WeightBlock
from projects.bss.models.heads.base import StreamHead, check_streams, fused_classifier
from projects.bss.models.presence import Present


@MODELS.register_module()
class SplitHead(StreamHead):
    """Train and predict with the fused stream; the unimodal logits are split off it.

    The unimodal logits serve metrics and balance scores. They carry no gradient unless
    ``loss_weights`` names a modality.

    Args:
        num_classes: Number of classes C.
        fused_channels: Width of the fused vector; None for a fusion that gives logits itself.
        loss_weights: Weight by stream; a stream that is not named is not trained. None trains the
            fused one with weight 1.
        inference_streams: Streams whose logits are summed for the prediction; None for the fused
            one.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is no stream to train or to infer from.
    """

    def __init__(self,
                 num_classes: int,
                 fused_channels: int | None,
                 loss_weights: Mapping[str, float] | None = None,
                 inference_streams: Sequence[str] | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(num_classes, fused_channels,
                         {FUSED: 1.0} if loss_weights is None else loss_weights,
                         (FUSED, ) if inference_streams is None else inference_streams,
                         init_cfg=init_cfg)
        self.classifier = fused_classifier(fused_channels, num_classes)

    def check_fusion(self, fusion: Fusion) -> None:
        """Check that this head and a fusion fit together.

        Args:
            fusion: The fusion of the model.

        Raises:
            ValueError: If the width or the number of classes differs, or a stream is named that
                the model does not have.
        """
        super().check_fusion(fusion)
        streams = (*fusion.in_channels, FUSED)
        check_streams('loss_weights', self.loss_weights, streams)
        check_streams('inference_streams', self.inference_streams, streams)

    def forward(self, features: Mapping[str, Tensor], fusion: Fusion,
                present: Present | None = None) -> dict[str, Tensor]:
        """Classify the fused vector and split the unimodal logits off.

        Args:
            features: Features by modality, each of shape (N, d_m), and ``'fused'``, shape
                (N, fused_channels).
            fusion: The fusion that made the fused vector.
            present: Not used; the fused vector is made of what is there.

        Returns:
            Logits by stream, the modalities first and ``'fused'`` last, each of shape (N, C).
        """
        trains_modalities = set(self.loss_weights) != {FUSED}
        with torch.set_grad_enabled(torch.is_grad_enabled() and trains_modalities):
            split = fusion.split_logits(features, self.classifier)
        return {**split, FUSED: self.classifier(features[FUSED])}

    def modality_weights(self, fusion: Fusion) -> dict[str, list[WeightBlock]]:
        """Give each modality's columns of the classifier."""
        blocks = fusion.modality_weights(self.classifier)
        return {name: [block] for name, block in blocks.items()}
