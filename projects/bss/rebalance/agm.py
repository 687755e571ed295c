"""AGM: the part of the prediction that each modality stands for learns at a pace of its own.

Reference:
    Li, Li, Hu, Lei, Li, Zhou: Boosting Multi-modal Model Performance with Adaptive Gradient
    Modulation, ICCV 2023, section 3.
"""
from __future__ import annotations

import math
from contextlib import contextmanager
from typing import Any, ClassVar, Collection, Iterator, Mapping, Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import all_reduce
from mmengine.logging import MessageHub
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import shapley_values, subsets
from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models import MultiModalClassifier
from projects.bss.models.presence import Present, zero_absent

from .facts import RebalancingMethod
from .method_hook import check_modalities
from .modes import evaluating

LEAST_PROBABILITY = 1e-8


def clipped_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Compute how badly logits predict, which is what AGM compares.

    Args:
        logits: Logits, shape (N, C).
        labels: Class indices, shape (N,), in [0, C).

    Returns:
        ``-log max(p_y, 1e-8)``, shape (N,), at least float32.
    """
    losses = F.cross_entropy(full_precision(logits), labels, reduction='none')
    return losses.clamp(max=-math.log(LEAST_PROBABILITY))


def discrepancy_ratios(scores: Tensor) -> Tensor:
    """Compare every modality with the mean of all.

    Args:
        scores: Score s of every modality, the smaller the better, shape (M,), M >= 2.

    Returns:
        ``exp(M / (M - 1) (mean(s) - s))``, shape (M,); above 1 for a modality that is better than
        the others. For two this is the exponential of the difference of their scores.
    """
    count = len(scores)
    return (count / (count - 1) * (scores.mean() - scores)).exp()


def agm_coefficients(scores: Tensor, running: Tensor, alpha: float = 1.0,
                     cap: float | None = None) -> Tensor:
    """Compute the factor of each modality's gradient.

    Args:
        scores: Score of every modality in this batch, shape (M,).
        running: Mean of the scores of all batches before, shape (M,); zeros before the first.
        alpha: Strength, >= 0.
        cap: Largest difference of the two ratios that counts; None for the published 10 with two
            modalities and 7 with more.

    Returns:
        ``k = exp(alpha min(r* - r, cap))``, shape (M,), where r are the ratios of this batch and
        r* those of the means: below 1 for a modality further ahead than usual.
    """
    limit = default_cap(len(scores)) if cap is None else cap
    surplus = discrepancy_ratios(running) - discrepancy_ratios(scores)
    return (alpha * surplus.clamp(max=limit)).exp()


def default_cap(count: int) -> float:
    """Give the published cap for a number of modalities: 10 for two, 7 for more."""
    return 10.0 if count == 2 else 7.0


def scale_parts(outputs: Mapping[Collection[str], Tensor],
                coefficients: Mapping[str, Tensor]) -> Tensor:
    """Scale the gradients of the parts that modalities have in a prediction.

    Args:
        outputs: Logits of each subset of modalities that is not empty, the others padded, by
            subset, each of shape (N, C).
        coefficients: Factor by modality, scalars.

    Returns:
        The logits of all modalities together, shape (N, C), to the bit. They are the sum of the
        Shapley values of the modalities, and the gradient that arrives at each of these is
        multiplied by its coefficient.
    """
    whole = max(outputs, key=len)
    padded = [subset for subset in outputs if len(subset) < len(whole)]
    factors = _subset_factors([*padded, whole], coefficients)
    return _ScaledParts.apply(factors, outputs[whole], *(outputs[subset] for subset in padded))


def _subset_factors(order: Sequence[Collection[str]],
                    coefficients: Mapping[str, Tensor]) -> Tensor:
    """Give the factor of the gradient of every subset's logits, shape (2^M - 1,)."""
    device = next(iter(coefficients.values())).device
    units = torch.eye(len(order), device=device)
    shares = shapley_values(dict(zip(order, units)))
    # All parts together are the whole, so that factors of 1 change no bit.
    return units[-1] + sum((coefficients[name] - 1) * share for name, share in shares.items())


class _ScaledParts(torch.autograd.Function):
    """Return the whole; hand its gradient, times their factors, to it and to the subsets."""

    @staticmethod
    def forward(ctx: Any, factors: Tensor, whole: Tensor, *padded: Tensor) -> Tensor:
        ctx.save_for_backward(factors)
        return whole.view_as(whole)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient, ), (factors, ) = gradients, ctx.saved_tensors
        *padded, whole = (factors.to(gradient) * gradient[..., None]).unbind(-1)
        return None, whole, *padded


@MODELS.register_module()
class AGMClassifier(RebalancingMethod, MultiModalClassifier):
    """Classifier whose fused loss is trained by adaptive gradient modulation.

    Every training pass also predicts from each subset of the modalities, with zeros in the place
    of the inputs of the others and in evaluation mode. The Shapley values of these predictions say
    what each modality contributes and how well.

    Args:
        alpha: Strength, >= 0; 0 is plain training.
        begin: First epoch, counted from 0, in which gradients are modulated.
        end: Last such epoch, included; None for all. Outside a Runner the epoch is 0.
        cap: Largest logarithm of a coefficient, per ``alpha``; None for the published 10 with two
            modalities and 7 with more.
        **kwargs: Arguments of :class:`projects.bss.models.MultiModalClassifier`.

    Attributes:
        supported_modalities: Least and largest number of modalities; None for any.
        running_scores: Mean of the scores of all modulated batches, shape (M,).
        batches: Their number.

    Raises:
        ValueError: For an argument outside its range, or a head that does not train the fused
            stream.

    Reference:
        AGM (ICCV 2023); alpha 1 and epochs 0 to 20 in the authors' code. The rule for more than
        three modalities is the same formula.
    """

    supported_modalities: ClassVar[tuple[int, int | None]] = (2, None)
    seam = 'gradient'
    accumulation = 'each'
    extra_work = '2^M - 2 passes, forward and backward, per batch'
    running_scores: Tensor
    batches: Tensor

    def __init__(self, alpha: float = 1.0, begin: int = 0, end: int | None = 20,
                 cap: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_modalities(type(self).__name__, self.modalities, self.supported_modalities)
        _check_strength(alpha, cap)
        _check_window(begin, end)
        if FUSED not in self.head.loss_weights:
            raise ValueError("AGM splits the fused prediction, but the head does not train the "
                             f"stream '{FUSED}', only {list(self.head.loss_weights)}: name it in "
                             '`head.loss_weights`.')
        self.alpha, self.cap = alpha, cap
        self.begin, self.end = begin, end
        self.register_buffer('running_scores', torch.zeros(len(self.modalities)))
        self.register_buffer('batches', torch.tensor(0))
        self._inputs: Mapping[str, Tensor] | None = None

    def forward(self, inputs: Mapping[str, Tensor], data_samples: Sequence[Any] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the model, see :meth:`projects.bss.models.StreamClassifier.forward`.

        Passes with ``mode='loss'`` in training mode, with gradients and in the window of epochs
        are modulated.
        """
        trains = mode == 'loss' and self.training and torch.is_grad_enabled()
        with self._holding(inputs if trains and self._in_window() else None):
            return super().forward(inputs, data_samples, mode)

    def loss(self, logits: dict[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the loss terms of the head, the fused one with modulated gradients.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Named scalars, already weighted; their values are those of plain training. Beside
            them the factor of each modality, for the log.
        """
        if self._inputs is None:
            return super().loss(logits, labels, present)
        fused, factors = self._modulated(logits[FUSED], self._inputs, labels, present)
        losses = super().loss({**logits, FUSED: fused}, labels, present)
        return {**losses, **{f'{type(self).__name__}/{name}': factor
                             for name, factor in factors.items()}}

    @contextmanager
    def _holding(self, inputs: Mapping[str, Tensor] | None) -> Iterator[None]:
        self._inputs = inputs
        try:
            yield
        finally:
            self._inputs = None

    def _in_window(self) -> bool:
        epoch = MessageHub.get_current_instance().get_info('epoch') or 0
        return epoch >= self.begin and (self.end is None or epoch <= self.end)

    def _modulated(self, whole: Tensor, inputs: Mapping[str, Tensor], labels: Tensor,
                   present: Present | None) -> tuple[Tensor, dict[str, Tensor]]:
        outputs: dict[Collection[str], Tensor] = {
            subset: self._padded_logits(inputs, subset, present)
            for subset in subsets(self.modalities)[:-1]}
        outputs[self.modalities] = whole
        with torch.no_grad():
            scores = self._scores(shapley_values(outputs), labels, present)
            coefficients = agm_coefficients(scores, self.running_scores, self.alpha, self.cap)
            self.batches += 1
            self.running_scores += (scores - self.running_scores) / self.batches
        factors = dict(zip(self.modalities, coefficients))
        return scale_parts(outputs, factors), factors

    def _padded_logits(self, inputs: Mapping[str, Tensor], subset: Collection[str],
                       present: Present | None) -> Tensor:
        padded = {name: x if name in subset else torch.zeros_like(x)
                  for name, x in self.select_inputs(inputs).items()}
        # After the pass of training, whose BatchNorm moves the statistics that this graph keeps.
        with evaluating([self.encoders, self.fusion, self.head]):
            return self.classify(self.extract_features(padded, present), present)[FUSED]

    def _scores(self, parts: Mapping[str, Tensor], labels: Tensor,
                present: Present | None) -> Tensor:
        """Average over the samples of all ranks; a modality that none has keeps its mean."""
        losses = {name: clipped_losses(part, labels) for name, part in parts.items()}
        ones = {name: torch.ones_like(loss) for name, loss in losses.items()}
        sums, counts = (torch.stack([rows.sum() for rows in zero_absent(kind, present).values()])
                        for kind in (losses, ones))
        totals = torch.stack([sums, counts])
        all_reduce(totals)
        return torch.where(totals[1] > 0, totals[0] / totals[1], self.running_scores)


def _check_strength(alpha: float, cap: float | None) -> None:
    if alpha < 0:
        raise ValueError(f'`alpha` must not be negative, but got {alpha}: 0 is plain training, '
                         'and a negative one would slow the worse modality down.')
    if cap is not None and cap <= 0:
        raise ValueError(f'`cap` must be positive, but got {cap}: leave it at None for the '
                         'published one.')


def _check_window(begin: int, end: int | None) -> None:
    if begin < 0 or end is not None and end < begin:
        raise ValueError(f'`begin` and `end` must be epochs with 0 <= begin <= end, but got '
                         f'{begin} and {end}: `end` is the last epoch that counts.')
