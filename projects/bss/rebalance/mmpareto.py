"""MMPareto: joint and unimodal gradients of each encoder, combined by a Pareto rule.

Reference:
    Wei, Hu: MMPareto: Boosting Multimodal Learning with Innocent Unimodal Assistance, ICML 2024,
    section 3 and algorithm 1.
"""
from __future__ import annotations

from itertools import islice
from typing import Any, Sequence

import torch
import torch.nn as nn
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import flatten_gradients, gradient_cosine, min_norm, restore_gradients
from projects.bss.functional.measure import FUSED, full_precision

from .step_classifier import StepClassifier

NORMS = ('encoder', 'tensor')
TINY = 1e-6  # a combination this much shorter than its parts is rounding error


def pareto_weights(joint: Tensor, own: Tensor) -> Tensor:
    """Weigh the gradients of the joint and of the unimodal loss of one encoder.

    Args:
        joint: Gradient of the joint loss, shape (D,).
        own: Gradient of the unimodal loss, shape (D,).

    Returns:
        Two weights with sum 1, shape (2,): halves if the gradients point to one side or one is
        zero, else those of the shortest vector between them.
    """
    joint, own = full_precision(joint), full_precision(own)
    there = (joint.norm() > 0) & (own.norm() > 0)
    conflict = there & (gradient_cosine(joint, own) <= 0)
    weights = min_norm(torch.stack([joint, own]))
    return torch.where(conflict, weights, torch.full_like(weights, 0.5))


def restore_norm(combined: Tensor, plain: Tensor) -> Tensor:
    """Make a combination of gradients at least as long as their plain sum.

    Args:
        combined: Combination, shape (D,).
        plain: Plain sum, shape (D,).

    Returns:
        ``combined`` times ``max(1, |plain| / |combined|)``, shape (D,); zeros stay zeros.
    """
    length = combined.norm()
    return combined * torch.where(length == 0, 1, plain.norm() / length).clamp(min=1)


def pareto_gradient(joint: Tensor, own: Tensor, weights: Tensor, gamma: float = 1.5,
                    sizes: Sequence[int] | None = None) -> Tensor:
    """Combine the gradients of the joint and of the unimodal loss of one encoder.

    Args:
        joint: Gradient of the joint loss, shape (D,).
        own: Gradient of the unimodal loss, shape (D,).
        weights: Their weights, shape (2,), those of :func:`pareto_weights`.
        gamma: Factor of the result, > 0.
        sizes: Lengths of the parts whose norms are restored one by one, with sum D; None restores
            the norm of the whole.

    Returns:
        Gradient to step by, shape (D,); half precision gives float32. With one norm for the whole
        it makes no angle above 90 degrees with either. Opposite gradients give zeros.
    """
    joint, own = full_precision(joint), full_precision(own)
    combined = 2 * weights[0] * joint + 2 * weights[1] * own
    # Strictly less, so that an overflow is not taken for zero.
    opposite = combined.norm() < TINY * (joint.norm() + own.norm())
    combined = combined.masked_fill(opposite, 0)
    parts = [len(joint)] if sizes is None else list(sizes)
    return gamma * torch.cat([restore_norm(part, plain) for part, plain in zip(
        combined.split(parts), (joint + own).split(parts))])


@MODELS.register_module()
class MMParetoClassifier(StepClassifier):
    """Classifier trained by MMPareto: M + 2 backward passes on the graph of one forward pass.

    An encoder has two tasks: its modality's own loss, and all others. Where their gradients do not
    conflict, the encoder gets ``gamma`` times the plain gradient. Fusion and head always get the
    plain gradient.

    Args:
        gamma: Factor of the gradients of encoders, > 0.
        norm: Whether the norm is restored over a whole ``'encoder'``, as in the paper, or for
            each parameter ``'tensor'``, as in the authors' code.
        **kwargs: Arguments of :class:`projects.bss.models.MultiModalClassifier`.

    Raises:
        ValueError: For ``gamma`` that is not positive, an unknown ``norm``, or a head that does
            not train every stream.

    Reference:
        MMPareto (ICML 2024); gamma = 1.5 in the authors' code.
    """

    extra_work = 'M + 1 backward passes per batch'

    def __init__(self, gamma: float = 1.5, norm: str = 'encoder', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if gamma <= 0:
            raise ValueError(f'`gamma` must be positive, but got {gamma}: it multiplies the '
                             'gradients of the encoders, 1 leaves them as they are.')
        if norm not in NORMS:
            raise ValueError(f'`norm` must be one of {NORMS}, but got {norm!r}.')
        untrained = [name for name in (*self.modalities, FUSED)
                     if name not in self.head.loss_weights]
        if untrained:
            raise ValueError('MMPareto needs a loss of every stream, but the head trains none of '
                             f'{untrained}: use a JointHead, or name them in '
                             '`head.loss_weights`.')
        self.gamma = gamma
        self.norm = norm

    def step(self, data: dict[str, Any], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Compute joint, unimodal and plain gradients, combine them and update.

        Args:
            data: Preprocessed batch.
            optim_wrapper: Wrapper of one optimiser.

        Returns:
            Losses, and the weight of the joint gradient ``kappa_<modality>`` of each encoder.
        """
        losses = self.compute_losses(data, optim_wrapper)
        total, log_vars = self.parse_losses(losses)
        trained = {name: [p for p in self.modality_parameters(name) if p.requires_grad]
                   for name in self.modalities}
        learners = {name: parameters for name, parameters in trained.items() if parameters}
        tasks = {name: self._task_gradients(loss, learners, optim_wrapper)
                 for name, loss in self._tasks(losses).items()}
        self.backward(total, optim_wrapper)
        for name, chosen in learners.items():
            joint = [_sum_known(column) for column in zip(
                *(found[name] for task, found in tasks.items() if task != name))]
            own = tasks[name][name]
            log_vars[f'kappa_{name}'] = self._combine(
                chosen, flatten_gradients(joint, chosen), flatten_gradients(own, chosen))
        self.update(optim_wrapper)
        return log_vars

    def _tasks(self, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """Give the loss of every modality, and under the fused stream that of all other terms."""
        own = {name: f'loss_{name}' for name in self.modalities}
        shared = {name: loss for name, loss in losses.items() if name not in own.values()}
        return {**{name: losses[term] for name, term in own.items()},
                FUSED: self.parse_losses(shared)[0]}

    def _task_gradients(self, loss: Tensor, learners: dict[str, list[nn.Parameter]],
                        optim_wrapper: OptimWrapper) -> dict[str, list[Tensor | None]]:
        """Differentiate one loss by the parameters of every encoder that learns."""
        flat = [parameter for chosen in learners.values() for parameter in chosen]
        found = iter(self.gradients(loss, flat, optim_wrapper) if flat else [])
        return {name: list(islice(found, len(chosen))) for name, chosen in learners.items()}

    @torch.no_grad()
    def _combine(self, parameters: list[nn.Parameter], joint: Tensor, own: Tensor) -> Tensor:
        """Write the combined gradient of one encoder into its parameters."""
        weights = pareto_weights(joint, own)
        sizes = [p.numel() for p in parameters] if self.norm == 'tensor' else None
        combined = pareto_gradient(joint, own, weights, self.gamma, sizes)
        for parameter, part in zip(parameters, restore_gradients(combined, parameters)):
            if parameter.grad is not None:
                plain = self.gamma * parameter.grad
                # Equal weights are the plain gradient, but for rounding.
                parameter.grad = torch.where(weights[0] == 0.5, plain, part.to(plain))
        return weights[0]


def _sum_known(gradients: Sequence[Tensor | None]) -> Tensor | None:
    known = [grad for grad in gradients if grad is not None]
    return torch.stack(known).sum(dim=0) if known else None
