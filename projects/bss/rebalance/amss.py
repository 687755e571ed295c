"""AMSS, AMSS+: each step updates a drawn part of every encoder, adaptively masked sub-networks.

Reference:
    Yang, Pan, Jiang, Xu, Tang: Learning to Rebalance Multi-Modal Optimization by Adaptively
    Masking Subnetworks, TPAMI 2025. The authors' published code decides where the paper leaves
    details open.
"""
from __future__ import annotations

from typing import Any, Callable, Mapping

import torch
import torch.nn.functional as F
from mmengine.registry import HOOKS
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from projects.bss.functional import closest_name
from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models.base import BatchOutputs
from projects.bss.models.presence import Present

from .gradient_hook import GradientHook
from .subnetwork import SAMPLINGS, importance, normalise

Correction = Callable[[Tensor, Tensor], Tensor]
_SMALLEST_ENTROPY = 1e-6

# Factor on a drawn element, from its share and from the probability that it is drawn.
CORRECTIONS: dict[str | None, Correction] = {
    None: lambda shares, probability: torch.ones_like(shares),
    'official': lambda shares, probability: 1 / (shares + 1 / shares.shape[-1]),
    'horvitz_thompson': lambda shares, probability: 1 / probability
}


def significance_sums(logits: Mapping[str, Tensor], features: Mapping[str, Tensor],
                      labels: Tensor, present: Present | None = None) -> dict[str, Tensor]:
    """Sum over a batch what the significance of the modalities is computed from.

    Args:
        logits: Logits by modality, each of shape (N, C).
        features: Features by modality, each of shape (N, d_m).
        labels: Class indices, shape (N,).
        present: Whether each sample has a modality, bool, shape (N,); None for all.

    Returns:
        By modality, shape (3,): over the samples that have it the cross-entropy and the entropy
        of the softmax of the features, both in nats, and their number.
    """
    sums = {}
    for name, rows in logits.items():
        losses = F.cross_entropy(full_precision(rows), labels, reduction='none')
        entropies = torch.special.entr(full_precision(features[name]).softmax(dim=1)).sum(dim=1)
        there = torch.ones_like(labels, dtype=torch.bool) if present is None else present[name]
        kept = torch.stack([losses, entropies, torch.ones_like(losses)])
        sums[name] = kept.masked_fill(~there, 0).sum(dim=1)
    return sums


def keep_fractions(scores: Tensor, label_entropy: Tensor | float, feature_entropies: Tensor,
                   temperature: float = 0.2, offset: float = 0.5,
                   bounds: tuple[float, float] = (0.1, 0.9)) -> Tensor:
    """Tell which fraction of each modality's encoder a step updates.

    Args:
        scores: Negative cross-entropy of each modality, shape (M,), <= 0, in nats.
        label_entropy: Entropy of the labels, in nats.
        feature_entropies: Mean entropy of the features of each modality, shape (M,).
        temperature: Divides the mutual information rates, > 0; smaller values sharpen.
        offset: Added to the mutual information.
        bounds: Smallest and largest fraction.

    Returns:
        Fractions, shape (M,): ``1 - softmax(rate / temperature)`` within the bounds, where the
        rate is ``(score + label_entropy + offset) / feature_entropy``; one half for all if a
        numerator is not positive.

    Reference:
        AMSS, the mutual information rate and the mask ratio, for two modalities; the formula for
        any number is that of the published code for three.
    """
    information = scores + label_entropy + offset
    rates = information / feature_entropies.clamp_min(_SMALLEST_ENTROPY)
    fractions = 1 - (rates / temperature).softmax(dim=0)
    return torch.where((information > 0).all(), fractions, 0.5).clamp(bounds[0], bounds[1])


def mask_rows(gradient: Tensor, keep: Tensor, sampling: str = 'adaptive',
              unbiased: str | None = None,
              generator: torch.Generator | None = None) -> None:
    """Set the gradient of all rows (output channels) but the drawn ones to zero, in place.

    Args:
        gradient: Gradient of a weight, shape (n, ...).
        keep: Fraction of the rows to keep, a scalar in [0, 1]; ``ceil(n * keep)`` of them, at
            least one, are drawn by their shares of the squared gradient.
        sampling: How they are drawn, see :class:`AMSSHook`.
        unbiased: Factor on those that are drawn, see :class:`AMSSHook`.
        generator: Source of the draw, on the device of the gradient.
    """
    count = (len(gradient) * keep).ceil().long().clamp(1, len(gradient))
    factors = _factors(importance(gradient), count, sampling, unbiased, generator)
    gradient.mul_(factors.to(gradient).reshape(-1, *[1] * (gradient.dim() - 1)))


def mask_elements(gradient: Tensor, keep: Tensor, sampling: str = 'adaptive',
                  unbiased: str | None = None,
                  generator: torch.Generator | None = None) -> None:
    """Set the gradient of all elements but the drawn ones of each row to zero, in place.

    Args:
        gradient: Gradient of a classifier's weight, shape (C, d).
        keep: Fraction of each row to keep, a scalar in [0, 1]; ``floor(d * keep)`` elements, at
            least one, are drawn.
        sampling: How they are drawn, see :class:`AMSSHook`.
        unbiased: Factor on those that are drawn, see :class:`AMSSHook`.
        generator: Source of the draw, on the device of the gradient.
    """
    width = gradient.shape[1]
    count = (width * keep).floor().long().clamp(1, width)
    shares = normalise(gradient.float().square())
    gradient.mul_(_factors(shares, count, sampling, unbiased, generator).to(gradient))


def _factors(shares: Tensor, count: Tensor, sampling: str, unbiased: str | None,
             generator: torch.Generator | None) -> Tensor:
    mask, probability = SAMPLINGS[sampling](shares, count, generator)
    return torch.where(mask, CORRECTIONS[unbiased](shares, probability), 0)


@HOOKS.register_module()
class AMSSHook(GradientHook):
    """Update only a drawn part of every modality's network, the smaller the more it dominates.

    Drawn are output channels (rows) of all weights of the encoder with two or more dimensions,
    and elements of the classifier weights that read this modality alone.

    Args:
        temperature: Divides the mutual information rates, > 0; smaller values set the modalities
            further apart.
        offset: Added to the mutual information; a modality where the sum is not positive sets
            all fractions to one half.
        sampling: ``'adaptive'`` draws without replacement by the share of the squared gradient,
            ``'random'`` uniformly, ``'topk'`` takes the largest.
        unbiased: Factor on what is drawn, AMSS+: ``'official'`` is ``1 / (share + 1/n)``, as in
            the published code; ``'horvitz_thompson'`` is one over the probability of being drawn,
            whose expected gradient is the whole one. None for AMSS.
        encoder: Whether to mask the encoders.
        head: Whether to mask the classifier weights of each modality.
        bounds: Smallest and largest fraction that is kept; ``(1, 1)`` keeps all.

    Raises:
        ValueError: For a temperature that is not positive, bounds that are no fractions, unknown
            names, ``'horvitz_thompson'`` with ``'topk'``, nothing to mask, or a model in which
            there is nothing to mask.

    Reference:
        Yang et al., "Learning to Rebalance Multi-Modal Optimization by Adaptively Masking
        Subnetworks", TPAMI 2025.
    """

    extra_work = 'a draw from the channels of every weight per step'

    def __init__(self,
                 temperature: float = 0.2,
                 offset: float = 0.5,
                 sampling: str = 'adaptive',
                 unbiased: str | None = None,
                 encoder: bool = True,
                 head: bool = True,
                 bounds: tuple[float, float] = (0.1, 0.9)) -> None:
        super().__init__()
        _check(temperature, sampling, unbiased, encoder or head, bounds)
        self.temperature, self.offset, self.bounds = temperature, offset, bounds
        self.encoder, self.head = encoder, head
        self.sampling, self.unbiased = sampling, unbiased

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Find the weights that are masked, then listen."""
        names = self.model.modalities
        self._rows = {name: [weight for weight in self.model.modality_parameters(name)
                             if weight.dim() >= 2] if self.encoder else [] for name in names}
        blocks = self.model.head.modality_weights(self.model.fusion) if self.head else {}
        self._blocks = {name: blocks.get(name, []) for name in names}
        self._check_found()
        return super().listen(runner)

    def statistics(self, outputs: BatchOutputs) -> dict[str, Tensor]:
        """Sum losses, entropies and labels; the labels' counts stand under ``'fused'``."""
        logits = {name: outputs.logits[name] for name in self.model.modalities}
        sums = significance_sums(logits, outputs.features, outputs.labels, outputs.present)
        # A bincount would wait for the device.
        classes = torch.arange(self.model.num_classes, device=outputs.labels.device)
        counts = (outputs.labels[:, None] == classes).sum(dim=0)
        return {**sums, FUSED: counts.to(next(iter(sums.values())))}

    def modulate(self, statistics: Mapping[str, Tensor],
                 generator: torch.Generator) -> dict[str, Tensor]:
        """Mask the gradients; the fractions that are kept are logged."""
        fractions = dict(zip(self._rows, self._fractions(statistics)))
        how = (self.sampling, self.unbiased, generator)
        for name, keep in fractions.items():
            for weight in self._rows[name]:
                if weight.grad is not None:
                    mask_rows(weight.grad, keep, *how)
            for weight, columns in self._blocks[name]:
                if weight.grad is not None:
                    mask_elements(weight.grad[:, columns], keep, *how)
        return fractions

    def _fractions(self, statistics: Mapping[str, Tensor]) -> Tensor:
        losses, entropies, counts = torch.stack([statistics[name] for name in self._rows], dim=1)
        # A modality that no sample has says nothing about its significance.
        scores = torch.where(counts > 0, -losses / counts, -torch.inf)
        label_entropy = torch.special.entr(normalise(statistics[FUSED])).sum()
        return keep_fractions(scores, label_entropy, entropies / counts.clamp(min=1),
                              self.temperature, self.offset, self.bounds)

    def _check_found(self) -> None:
        for option, found, advice in (
                ('encoder', self._rows, 'weight of two or more dimensions in the encoder'),
                ('head', self._blocks, 'weight behind the encoders that reads it alone')):
            missing = [name for name, weights in found.items() if not weights]
            if getattr(self, option) and missing:
                raise ValueError(f'AMSSHook has nothing to mask for {missing}, because there is no '
                                 f'{advice}: set {option}=False, or take ConcatFusion or '
                                 'SumFusion with a JointHead or a SplitHead.')


def _check(temperature: float, sampling: str, unbiased: str | None, anything: bool,
           bounds: tuple[float, float]) -> None:
    if temperature <= 0:
        raise ValueError(f'`temperature` must be positive, but got {temperature}.')
    if not 0 < bounds[0] <= bounds[1] <= 1:
        raise ValueError('`bounds` must be fractions with 0 < lower <= upper <= 1, but got '
                         f'{tuple(bounds)}: (1, 1) keeps everything.')
    if sampling not in SAMPLINGS:
        raise ValueError(closest_name('sampling', sampling, SAMPLINGS))
    if unbiased not in CORRECTIONS:
        raise ValueError(closest_name('unbiased', str(unbiased), filter(None, CORRECTIONS)))
    if sampling == 'topk' and unbiased == 'horvitz_thompson':
        raise ValueError("`unbiased='horvitz_thompson'` needs every element to have a chance to "
                         "be drawn, but sampling='topk' gives the small ones none: take "
                         "sampling='adaptive' or 'random'.")
    if not anything:
        raise ValueError('`encoder` and `head` must not both be False, because nothing would be '
                         'masked: leave the hook out for plain training.')
