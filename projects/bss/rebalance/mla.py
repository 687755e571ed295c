"""MLA: modalities take turns within every batch, and the shared classifier keeps what it learned.

Reference:
    Zhang, Yoon, Bansal, Yao: Multimodal Representation Learning by Alternating Unimodal
    Adaptation, CVPR 2024.
"""
from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Mapping

import torch
from mmengine.dist import all_reduce, is_distributed
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.measure import full_precision
from projects.bss.models import Fusion, StreamHead
from projects.bss.models.presence import Present, zero_absent

from .shared_entropy import SharedEntropyFusion
from .step_classifier import StepClassifier


def update_projection_root(root: Tensor, mean: Tensor, alpha: float | Tensor) -> Tensor:
    """Let a projection forget the direction of a feature.

    The projection is P = S S^T with a root S, and follows P - P h h^T P / (alpha + h^T P h).
    Rounding makes that difference indefinite within some thousand batches; a root cannot be.

    Args:
        root: Root S, shape (d, d), the identity at first.
        mean: Mean feature h of a batch, shape (d,).
        alpha: How much of the direction survives, > 0; the larger, the more.

    Returns:
        Root of the new projection, shape (d, d).

    Reference:
        MLA (CVPR 2024), recursive update of P, in Potter's square-root form (1963).
    """
    along = root.T @ mean
    share = 1 / (alpha + along @ along)
    return root - torch.outer(root @ along, along) * (share / (1 + (alpha * share)**0.5))


def project_gradient(gradient: Tensor, root: Tensor) -> Tensor:
    """Take out of the gradient of a linear layer what would change its output on old features.

    Args:
        gradient: Gradient of the weight, shape (C, d).
        root: Root S of the projection, shape (d, d).

    Returns:
        ``gradient S S^T``, shape (C, d).
    """
    return (gradient.to(root) @ root @ root.T).to(gradient)


@MODELS.register_module()
class MLAClassifier(StepClassifier):
    """Classifier trained by MLA: for each batch one optimiser step per modality, in their order.

    All features of a batch are computed first. Then each modality classifies them by the shared
    layer as the modalities before have left it, and its encoder and the layer step. The gradient
    of the layer is projected by what it has seen so far.

    Args:
        projection: Whether to project. The published code does not, because it looks for a
            parameter under a name that it does not have.
        alpha: How much of the direction of each mean feature survives in the projection, > 0.
        alpha_period: Batches over which ``alpha`` falls tenfold, again and again; the published
            code has the length of an epoch. None keeps it constant.
        normalise: Whether to divide the projection by its Frobenius norm after each update, as in
            the published code.
        **kwargs: Arguments of :class:`projects.bss.models.MultiModalClassifier`; the fusion is a
            :class:`SharedEntropyFusion`, the head trains each modality and has no parameters.

    Attributes:
        projection_root: Root S of the projection S S^T, shape (d, d).
        batches: Number of batches seen.

    Raises:
        TypeError: If the fusion is another one.
        ValueError: For an argument outside its range, or a head that does not fit.

    Reference:
        MLA (CVPR 2024); alpha 0.1 in the authors' code.
    """

    extra_work = 'M steps of the optimiser per batch'
    projection_root: Tensor
    batches: Tensor

    def __init__(self, projection: bool = True, alpha: float = 0.1,
                 alpha_period: int | None = None, normalise: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_forgetting(alpha, alpha_period)
        _check_parts(self.fusion, self.head)
        self.alpha, self.alpha_period, self.normalise = alpha, alpha_period, normalise
        self.projects = projection
        if projection:
            width = self.fusion.shared_layer.in_features
            self.register_buffer('projection_root', torch.eye(width))
            self.register_buffer('batches', torch.tensor(0))
        self._turn: str | None = None
        self._encoded: dict[str, Tensor] = {}

    def step(self, data: dict[str, Any], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Let every modality take its turn.

        Args:
            data: Preprocessed batch.
            optim_wrapper: Wrapper of one optimiser, which steps once per modality.

        Returns:
            Losses, each from before the step of its modality.
        """
        present = self._find_present(data['inputs'], data.get('data_samples'))
        self._encoded, terms = {}, {}
        for name in self.modalities:
            with self._taking_turn(name):
                terms[f'loss_{name}'] = self._learn(name, data, present, optim_wrapper)
        self._encoded = {}
        if self.projects:
            self.batches += 1
        return self.parse_losses(terms)[1]

    def encode(self, inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Encode every modality; in training once per batch, with gradient for whose turn it is."""
        if self._turn is None:
            return super().encode(inputs, present)
        if not self._encoded:
            self._encoded = super().encode(inputs, present)
        return {name: z if name == self._turn else z.detach()
                for name, z in self._encoded.items()}

    @property
    def current_alpha(self) -> Tensor:
        """Alpha of this batch, a scalar."""
        if self.alpha_period is None:
            return torch.full_like(self.batches, self.alpha, dtype=torch.float32)
        return self.alpha * 0.1**(self.batches % self.alpha_period / self.alpha_period)

    @contextmanager
    def _taking_turn(self, name: str) -> Iterator[None]:
        self._turn = name
        try:
            yield
        finally:
            self._turn = None

    def _learn(self, name: str, data: dict[str, Any], present: Present | None,
               optim_wrapper: OptimWrapper) -> Tensor:
        """Step by the loss of one modality, and by terms that hooks have added."""
        losses = self.compute_losses(data, optim_wrapper)
        others = {f'loss_{other}' for other in self.modalities if other != name}
        own, _ = self.parse_losses({k: v for k, v in losses.items() if k not in others})
        mean, count = self._mean_feature(name, present)
        # Without this, momentum and weight decay would move parameters that have no gradient.
        if not self._seen(name, data, count):
            return own.detach()
        self.backward(own, optim_wrapper)
        if self.projects:
            weight = self.fusion.shared_layer.weight
            weight.grad = project_gradient(weight.grad, self.projection_root)
        self.update(optim_wrapper)
        if self.projects:
            self._forget(mean)
        return own.detach()

    @torch.no_grad()
    def _mean_feature(self, name: str, present: Present | None) -> tuple[Tensor, Tensor]:
        """Average over the samples of all ranks that have the modality, and count them."""
        encoded = {name: full_precision(self._encoded[name])}
        features = zero_absent(encoded, present)[name]
        ones = torch.ones_like(features[:, :1])
        count = zero_absent({name: ones}, present)[name].sum(dim=0)
        totals = torch.cat([features.sum(dim=0), count])
        all_reduce(totals)
        return totals[:-1] / totals[-1], totals[-1]

    @staticmethod
    def _seen(name: str, data: dict[str, Any], count: Tensor) -> bool:
        """Whether any sample has the modality; the count is read if other ranks have samples."""
        if is_distributed():
            return bool(count > 0)
        return any(name not in sample.get('absent', ()) for sample in data['data_samples'])

    def _forget(self, mean: Tensor) -> None:
        root = update_projection_root(self.projection_root, mean.to(self.projection_root),
                                      self.current_alpha)
        if self.normalise:
            root = root / (root.T @ root).norm().sqrt()
        self.projection_root.copy_(root)


def _check_forgetting(alpha: float, period: int | None) -> None:
    if alpha <= 0:
        raise ValueError(f'`alpha` must be positive, but got {alpha}: the larger it is, the less '
                         'is projected away; use projection=False to leave projecting out.')
    if period is not None and period < 1:
        raise ValueError(f'`alpha_period` must be at least 1 batch, but got {period}: leave it at '
                         'None to keep alpha constant.')


def _check_parts(fusion: Fusion, head: StreamHead) -> None:
    if not isinstance(fusion, SharedEntropyFusion):
        raise TypeError('`fusion` of MLAClassifier must be a SharedEntropyFusion, but got a '
                        f'{type(fusion).__name__}: its modalities share one linear layer.')
    if next(head.parameters(), None) is not None:
        raise ValueError(f'`head` of MLAClassifier must have no parameters, but got a '
                         f'{type(head).__name__} that has some: use dict(type=\'SplitHead\', '
                         'num_classes=..., fused_channels=None, loss_weights=...).')
    if set(head.loss_weights) != set(fusion.in_channels):
        raise ValueError('`head.loss_weights` of MLAClassifier must name each of the modalities '
                         f'{list(fusion.in_channels)} and nothing else, but names '
                         f'{list(head.loss_weights)}: each modality has a turn of its own.')
