"""Criteria of single samples, as parts that a config can choose."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Mapping, Sequence

from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.functional import (feature_similarity, gradient_magnitude,
                                     head_gradient_magnitude, multimodal_loss,
                                     prediction_similarity)


@dataclass
class ModelOutputs:
    """What a criterion may look at.

    Args:
        logits: Logits by stream, each of shape (N, C).
        features: Encoder features by modality, each of shape (N, D); empty if the probe has none.
        labels: Class indices, shape (N,).
        parameters: Trainable parameters of the model.
    """

    logits: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    labels: Tensor
    parameters: Sequence[Tensor] = ()


class Criterion(ABC):
    """Base of all criteria: maps the outputs of a batch to one number per sample."""

    needs_features = False
    needs_graph = False

    @abstractmethod
    def __call__(self, outputs: ModelOutputs) -> Tensor:
        """Compute the criterion.

        Args:
            outputs: Outputs of a batch of N samples.

        Returns:
            One value per sample, shape (N,).
        """


@TASK_UTILS.register_module()
class PredictionSimilarity(Criterion):
    """Agreement of the unimodal predictions (Eq 5).

    Args:
        softmax: Compare softmax outputs; ``False`` compares raw logits.
    """

    def __init__(self, softmax: bool = True) -> None:
        self.softmax = softmax

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return prediction_similarity(outputs.logits, self.softmax)


@TASK_UTILS.register_module()
class FeatureSimilarity(Criterion):
    """Agreement of the encoder features (appendix)."""

    needs_features = True

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return feature_similarity(outputs.features)


class _LossCriterion(Criterion):

    def __init__(self, alpha: float = 0.2, weights: Mapping[str, float] | None = None) -> None:
        self.alpha = alpha
        self.weights = weights

    def _loss(self, outputs: ModelOutputs) -> Tensor:
        return multimodal_loss(outputs.logits, outputs.labels, self.alpha, self.weights)


@TASK_UTILS.register_module()
class TrainingLoss(_LossCriterion):
    """Loss of the sample (Eq 4).

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
    """

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return self._loss(outputs)


@TASK_UTILS.register_module()
class GradientMagnitude(_LossCriterion):
    """Exact norm of the sample's gradient by all trainable parameters; one backward per sample.

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
        norm: ``'total'`` or ``'sum'``, see :func:`projects.bss.functional.gradient_magnitude`.
    """

    needs_graph = True

    def __init__(self,
                 alpha: float = 0.2,
                 weights: Mapping[str, float] | None = None,
                 norm: str = 'total') -> None:
        super().__init__(alpha, weights)
        self.norm = norm

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return gradient_magnitude(self._loss(outputs), outputs.parameters, self.norm)


@TASK_UTILS.register_module()
class HeadGradientMagnitude(_LossCriterion):
    """Norm of the sample's gradient by the linear heads, in closed form without a backward pass.

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
    """

    needs_features = True

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return head_gradient_magnitude(outputs.logits, outputs.features, outputs.labels,
                                       self.alpha, self.weights)
