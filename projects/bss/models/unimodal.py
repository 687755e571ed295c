"""One modality on its own, measured as the multi-modal models are."""
from __future__ import annotations

from typing import Any, Mapping

import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import multimodal_loss
from projects.bss.functional.measure import FUSED
from projects.bss.models.base import StreamClassifier


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

    Raises:
        ValueError: If ``in_channels`` is ``None`` and the encoder does not tell its width.
    """

    def __init__(self,
                 encoder: dict | nn.Module,
                 modality: str,
                 num_classes: int,
                 in_channels: int | None = None,
                 data_preprocessor: dict | nn.Module | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__({modality: encoder}, data_preprocessor, init_cfg)
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

    def classify(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Classify.

        Args:
            features: Features of the modality, shape (N, d).

        Returns:
            The same logits, shape (N, C), for the modality and for ``'fused'``.
        """
        logits = self.classifier(features[self.modality])
        return {self.modality: logits, FUSED: logits}

    def loss(self, logits: dict[str, Tensor], labels: Tensor) -> dict[str, Tensor]:
        """Compute the cross-entropy.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,).

        Returns:
            ``loss_<modality>``, a scalar.
        """
        own = {self.modality: logits[self.modality]}
        terms = multimodal_loss(own, labels, weights={self.modality: 1.0})
        return {f'loss_{self.modality}': terms.mean()}

    def predict(self, logits: dict[str, Tensor]) -> dict[str, Tensor]:
        """Compute class probabilities.

        Args:
            logits: Logits by stream, each of shape (N, C).

        Returns:
            Probabilities by stream, each of shape (N, C), float32.
        """
        return {name: rows.float().softmax(dim=1) for name, rows in logits.items()}
