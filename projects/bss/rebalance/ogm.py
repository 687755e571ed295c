"""OGM, OGM-GE: on-the-fly gradient modulation slows the dominant modality's encoder down.

Reference:
    Peng, Wei, Deng, Wang, Hu: Balanced Multimodal Learning via On-the-fly Gradient Modulation,
    CVPR 2022. The authors' published code decides where the paper leaves details open.
"""
from __future__ import annotations

from typing import Any, Mapping

import torch
from mmengine.logging import print_log
from mmengine.registry import HOOKS
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from projects.bss.functional.measure import full_precision
from projects.bss.models.base import BatchOutputs
from projects.bss.models.presence import Present

from .gradient_hook import GradientHook


def true_class_scores(logits: Mapping[str, Tensor], labels: Tensor,
                      present: Present | None = None) -> dict[str, Tensor]:
    """Sum the probability of the true class over a batch.

    Args:
        logits: Logits by modality, each of shape (N, C).
        labels: Class indices, shape (N,).
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        By modality the sum over the samples that have it and their number, shape (2,).

    Reference:
        OGM-GE, section 3.2: numerator and denominator of the discrepancy ratio.
    """
    sums = {}
    for name, rows in logits.items():
        scores = full_precision(rows).softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
        there = torch.ones_like(labels, dtype=torch.bool) if present is None else present[name]
        sums[name] = torch.stack([scores.masked_fill(~there, 0).sum(), there.sum().to(scores)])
    return sums


def modulation_coefficients(scores: Tensor, alpha: float) -> Tensor:
    """Tell by how much the gradient of each encoder is multiplied.

    Only the modality whose score is largest relative to the sum of the others' is slowed down;
    of equal ones the first. With two modalities this is the published rule.

    Args:
        scores: Score of each modality, shape (M,), >= 0, all over equally many samples.
        alpha: Strength of the modulation, >= 0; 0 gives ones.

    Returns:
        Coefficients, shape (M,), in (0, 1]: ``1 - tanh(alpha * ratio)`` for that modality, 1 for
        the others and where no other modality scores.

    Reference:
        OGM-GE, section 3.2, for two modalities. For more than two our choice among the rules in
        public code: the ratio to the sum of the others, and the largest ratio alone.
    """
    others = scores.sum() - scores
    ratios = torch.where(others > 0, scores / others, 0)
    dominant = torch.arange(len(scores), device=scores.device) == ratios.argmax()
    return torch.where(dominant, 1 - torch.tanh(alpha * ratios), 1)


def modulate_gradient(gradient: Tensor, coefficient: Tensor | float,
                      generator: torch.Generator | None = None, noise: bool = False) -> None:
    """Scale a gradient in place and, if asked for, add noise of its own standard deviation.

    Args:
        gradient: Gradient of one parameter, of any shape.
        coefficient: Factor, a scalar.
        generator: Source of the noise, on the device of the gradient.
        noise: Whether to add noise; its standard deviation is that of the elements of the
            gradient before scaling, plus 1e-8.

    Reference:
        OGM-GE, sections 3.2 and 3.3.
    """
    if not noise:
        gradient.mul_(coefficient)
        return
    deviation = gradient.std() if gradient.numel() > 1 else gradient.new_zeros(())
    draws = torch.randn(gradient.shape, generator=generator, dtype=gradient.dtype,
                        device=gradient.device)
    gradient.mul_(coefficient).add_(draws * (deviation + 1e-8))


@HOOKS.register_module()
class OGMHook(GradientHook):
    """Scale the gradients of the dominant modality's encoder down.

    The unimodal logits decide which modality dominates; with a SplitHead they are split off the
    fused classifier, as published. More than two modalities are an extension, see
    :func:`modulation_coefficients`.

    Args:
        alpha: Strength of the modulation, >= 0; published: 0.8 for CREMA-D, 0.1 for VGGSound.
        noise: Whether to add noise to the gradients of all modalities (OGM-GE), whatever their
            coefficients.
        begin: First epoch, counted from 0, in which gradients are changed.
        end: Last such epoch, included; None for all.
        min_ndim: Least number of dimensions of the encoder weights that are changed: 4 for
            convolutions of images, as published, and of clips; 2 for linear layers, attention
            and one-dimensional convolutions too.

    Raises:
        ValueError: If ``alpha`` is negative, ``min_ndim`` less than 1, or a modality has no
            weight of so many dimensions.

    Reference:
        Peng et al., "Balanced Multimodal Learning via On-the-fly Gradient Modulation", CVPR 2022,
        sections 3.2 and 3.3.
    """

    extra_work = 'none; with `noise` a random number per weight and step'

    def __init__(self,
                 alpha: float = 0.8,
                 noise: bool = False,
                 begin: int = 0,
                 end: int | None = 50,
                 min_ndim: int = 4) -> None:
        super().__init__(begin, end)
        if alpha < 0:
            raise ValueError(f'`alpha` must not be negative, but got {alpha}: 0 turns the '
                             'modulation off, larger values strengthen it.')
        if min_ndim < 1:
            raise ValueError(f'`min_ndim` must be at least 1, but got {min_ndim}.')
        self.alpha, self.noise, self.min_ndim = alpha, noise, min_ndim

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Find the weights that are changed, then listen."""
        self._weights = {name: self._weights_of(name) for name in self.model.modalities}
        if len(self._weights) > 2:
            print_log(f'OGMHook: {len(self._weights)} modalities are an extension of a method '
                      'published for two; the one with the largest share of the score is slowed '
                      'down.', logger='current')
        return super().listen(runner)

    def statistics(self, outputs: BatchOutputs) -> dict[str, Tensor]:
        """Sum the probability of the true class, by modality."""
        logits = {name: outputs.logits[name] for name in self.model.modalities}
        return true_class_scores(logits, outputs.labels, outputs.present)

    def modulate(self, statistics: Mapping[str, Tensor],
                 generator: torch.Generator) -> dict[str, Tensor]:
        """Scale the encoders' gradients; the coefficients are logged."""
        sums = torch.stack([statistics[name] for name in self._weights])
        means = sums[:, 0] / sums[:, 1].clamp(min=1)
        coefficients = dict(zip(self._weights, modulation_coefficients(means, self.alpha)))
        for name, weights in self._weights.items():
            for weight in weights:
                if weight.grad is not None:
                    modulate_gradient(weight.grad, coefficients[name], generator, self.noise)
        return coefficients

    def _weights_of(self, name: str) -> list[nn.Parameter]:
        parameters = self.model.modality_parameters(name)
        weights = [weight for weight in parameters if weight.dim() >= self.min_ndim]
        if not weights:
            largest = max((parameter.dim() for parameter in parameters), default=0)
            raise ValueError(
                f"OGMHook would change nothing in the encoder of '{name}', because none of its "
                f'weights has `min_ndim` = {self.min_ndim} dimensions or more; the largest has '
                f'{largest}: set min_ndim=2 for encoders that are not convolutions of images.')
        return weights
