"""Criteria of single samples, as parts that a config can choose."""
from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Mapping

from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.functional import (feature_similarity, head_gradient_magnitude, multimodal_loss,
                                     prediction_similarity)

from .replay import Replay


@dataclass
class ModelOutputs:
    """What a criterion may look at.

    Args:
        logits: Logits by stream, each of shape (N, C).
        features: Encoder features by modality, each of shape (N, D); empty if the probe has none.
        labels: Class indices, shape (N,).
        present: Where each modality is there, bool, shape (N,) each; None for everywhere.
        replay: The forward pass of the batch; None where it cannot be run again.
    """

    logits: Mapping[str, Tensor]
    features: Mapping[str, Tensor]
    labels: Tensor
    present: Mapping[str, Tensor] | None = None
    replay: Replay | None = None


class Criterion(ABC):
    """Base of all criteria: maps the outputs of a batch to one number per sample."""

    needs_features = False
    needs_replay = False

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
        return prediction_similarity(outputs.logits, self.softmax, outputs.present)


@TASK_UTILS.register_module()
class FeatureSimilarity(Criterion):
    """Agreement of the encoder features (appendix)."""

    needs_features = True

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return feature_similarity(outputs.features, outputs.present)


class LossCriterion(Criterion):
    """Base of the criteria that are made of the training loss (Eq 4).

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
    """

    def __init__(self, alpha: float = 0.2, weights: Mapping[str, float] | None = None) -> None:
        self.alpha = alpha
        self.weights = weights


@TASK_UTILS.register_module()
class TrainingLoss(LossCriterion):
    """Loss of the sample (Eq 4).

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
    """

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return multimodal_loss(outputs.logits, outputs.labels, self.alpha, self.weights,
                               outputs.present)


@TASK_UTILS.register_module()
class HeadGradientMagnitude(LossCriterion):
    """Norm of the sample's gradient by the linear heads, in closed form without a backward pass.

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
    """

    needs_features = True

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        return head_gradient_magnitude(outputs.logits, outputs.features, outputs.labels,
                                       self.alpha, self.weights, outputs.present)
