"""AGM, clipping: clip all gradients when one of the classifier's is large, as the code does.

Reference:
    Li, Li, Hu, Lei, Li, Zhou: Boosting Multi-modal Model Performance with Adaptive Gradient
    Modulation, ICCV 2023, the authors' published code.
"""
from __future__ import annotations

from typing import Mapping

import torch
from mmengine.registry import HOOKS
from torch import Tensor
from torch.nn.utils import get_total_norm

from projects.bss.models.base import BatchOutputs

from .gradient_hook import GradientHook


def clip_factor(gradients: list[Tensor], watched: list[Tensor], max_norm: float = 1.0,
                threshold: float = 1.0) -> Tensor:
    """Compute the factor that clips gradients, if any of those watched is large.

    Args:
        gradients: All gradients, of any shapes.
        watched: Those that decide, at least one.
        max_norm: Largest norm of all gradients together, > 0.
        threshold: Largest absolute value of an element watched that changes nothing.

    Returns:
        Factor in (0, 1], a scalar.
    """
    largest = torch.stack([gradient.abs().max() for gradient in watched]).max()
    factor = (max_norm / (get_total_norm(gradients) + 1e-6)).clamp(max=1)
    return torch.where(largest > threshold, factor, torch.ones_like(factor))


@HOOKS.register_module()
class AGMClipHook(GradientHook):
    """Clip the gradient of the whole model when one of the classifier's elements is large.

    Args:
        max_norm: Norm to clip to, > 0.
        threshold: Gradients are clipped if an element of a weight's gradient behind the encoders
            exceeds this in absolute value.
        begin: First epoch, counted from 0, in which gradients are clipped.
        end: Last such epoch, included; None for all.

    Raises:
        ValueError: If ``max_norm`` is not positive or ``threshold`` is negative.

    Reference:
        AGM (ICCV 2023), authors' code, with 1 for both.
    """

    extra_work = 'the norm of all gradients per step'

    def __init__(self, max_norm: float = 1.0, threshold: float = 1.0, begin: int = 0,
                 end: int | None = None) -> None:
        super().__init__(begin, end)
        if max_norm <= 0 or threshold < 0:
            raise ValueError('`max_norm` must be positive and `threshold` not negative, but got '
                             f'{max_norm} and {threshold}.')
        self.max_norm, self.threshold = max_norm, threshold

    def statistics(self, outputs: BatchOutputs) -> dict[str, Tensor]:
        """Count the samples; clipping depends on nothing else of a pass."""
        labels = outputs.labels
        return dict(samples=torch.full((), float(len(labels)), device=labels.device))

    def modulate(self, statistics: Mapping[str, Tensor],
                 generator: torch.Generator) -> dict[str, Tensor]:
        """Clip.

        Args:
            statistics: Not used.
            generator: Not used.

        Returns:
            The factor of all gradients.
        """
        encoders = {id(p) for name in self.model.modalities
                    for p in self.model.modality_parameters(name)}
        known = [p for p in self.model.parameters() if p.grad is not None]
        watched = [p.grad for p in known if id(p) not in encoders and p.dim() > 1]
        gradients = [p.grad for p in known]
        factor = clip_factor(gradients, watched, self.max_norm, self.threshold)
        for gradient in gradients:
            gradient.mul_(factor)
        return dict(factor=factor)
