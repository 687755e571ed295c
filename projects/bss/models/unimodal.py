"""One modality on its own, measured as the multi-modal models are."""
from __future__ import annotations

from typing import Any, Mapping

import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import multimodal_loss
from projects.bss.functional.measure import FUSED
from projects.bss.models.base import StreamClassifier
from projects.bss.models.presence import Present, mean_of_present, zero_absent


@MODELS.register_module()
class UnimodalClassifier(StreamClassifier):
    """Classifier of one modality, which ignores all others of the batch.

    Args:
        encoder: Config of the encoder.
        modality: Name of the modality in the batch.
        num_classes: Number of classes C.
        in_channels: Width of the features; ``None`` takes the ``out_channels`` of the encoder.
        data_preprocessor: Config of the preprocessor that stacks, moves and normalises.
        init_cfg: Initialisation config of mmengine.
        channels_last: Whether convolutions of the encoders compute with their channels last, which
            GPUs do faster in half precision.

    Raises:
        ValueError: If ``in_channels`` is ``None`` and the encoder does not tell its width.
    """

    def __init__(self,
                 encoder: dict | nn.Module,
                 modality: str,
                 num_classes: int,
                 in_channels: int | None = None,
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None,
                 channels_last: bool = False) -> None:
        super().__init__({modality: encoder}, data_preprocessor, init_cfg, channels_last)
        width = in_channels or getattr(self.encoders[modality], 'out_channels', None)
        if width is None:
            raise ValueError(
                '`in_channels` must be given, because the encoder '
                f'{type(self.encoders[modality]).__name__} has no `out_channels`: set it to the '
                'width of its features.')
        self.modality = modality
        self.num_classes = num_classes
        self.classifier = nn.Linear(width, num_classes)

    def select_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Pick the modality out of a batch.

        Args:
            inputs: Inputs by modality.

        Returns:
            The one input that the model reads.

        Raises:
            ValueError: If the batch does not have it.
        """
        if self.modality not in inputs:
            raise ValueError(f"The inputs must hold the modality '{self.modality}', but hold "
                             f'{list(inputs)}: correct `model.modality` or the pipeline.')
        return {self.modality: inputs[self.modality]}

    def classify(self, features: dict[str, Tensor],
                 present: Present | None = None) -> dict[str, Tensor]:
        """Classify.

        Args:
            features: Features of the modality, shape (N, d).
            present: Whether each sample has the modality, bool, shape (N,); None for all.

        Returns:
            The same logits, shape (N, C), for the modality and for ``'fused'``.
        """
        logits = self.classifier(features[self.modality])
        return {self.modality: logits, FUSED: logits}

    def loss(self, logits: dict[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the cross-entropy.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,).
            present: Whether each sample has the modality, bool, shape (N,); None for all.

        Returns:
            ``loss_<modality>``, a scalar: the mean over the samples that have the modality.
        """
        own = {self.modality: logits[self.modality]}
        terms = multimodal_loss(own, labels, weights={self.modality: 1.0})
        there = None if present is None else present[self.modality]
        return {f'loss_{self.modality}': mean_of_present(terms, there)}

    def predict(self, logits: dict[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Compute class probabilities.

        Args:
            logits: Logits by stream, each of shape (N, C).
            present: Whether each sample has the modality, bool, shape (N,); None for all.

        Returns:
            Probabilities by stream, each of shape (N, C), float32; uniform for samples without
            the modality.
        """
        own = zero_absent({self.modality: logits[self.modality].float()}, present)
        scores = own[self.modality].softmax(dim=1)
        return {name: scores for name in logits}
