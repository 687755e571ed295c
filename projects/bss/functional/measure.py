"""The measurer: criteria of single samples and the balance score made of them (Eqs 4-6)."""
from __future__ import annotations

import math
import warnings
from itertools import combinations
from typing import Iterable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

FUSED = 'fused'


def _full_precision(tensor: Tensor) -> Tensor:
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def _unimodal(tensors: Mapping[str, Tensor], what: str) -> list[Tensor]:
    chosen = [_full_precision(tensor) for name, tensor in tensors.items() if name != FUSED]
    if len(chosen) < 2:
        raise ValueError(
            f'`{what}` must hold at least two modalities beside \'{FUSED}\', but its keys are '
            f'{sorted(tensors)}: agreement between modalities is not defined for fewer.')
    return chosen


def _mean_pairwise_cosine(vectors: Sequence[Tensor]) -> Tensor:
    pairs = [F.cosine_similarity(a, b, dim=1) for a, b in combinations(vectors, 2)]
    return torch.stack(pairs).mean(dim=0)


def prediction_similarity(logits: Mapping[str, Tensor], softmax: bool = True) -> Tensor:
    """Measure how far the unimodal predictions of a sample agree.

    Args:
        logits: Logits by modality, each of shape (N, C); the key ``'fused'`` is ignored.
        softmax: Compare softmax outputs, as the paper does. ``False`` compares raw logits, as
            the authors' NVGesture heuristic script does.

    Returns:
        Mean cosine over all pairs of modalities, shape (N,), in [0, 1] ([-1, 1] on raw logits).
        Half precision is computed in float32; a row with NaN gives NaN.

    Raises:
        ValueError: For fewer than two modalities.

    Reference:
        BSS (IJCAI 2025), Eq. 5; the mean over pairs extends it to any number of modalities.
    """
    vectors = _unimodal(logits, 'logits')
    return _mean_pairwise_cosine([v.softmax(dim=1) for v in vectors] if softmax else vectors)


def feature_similarity(features: Mapping[str, Tensor]) -> Tensor:
    """Measure how far the encoder features of a sample agree.

    Args:
        features: Features by modality, each of shape (N, D) with one D; ``'fused'`` is ignored.

    Returns:
        Mean cosine over all pairs of modalities, shape (N,), in [-1, 1].

    Raises:
        ValueError: For fewer than two modalities or differing feature widths.

    Reference:
        BSS, appendix (criterion "feature similarity").
    """
    vectors = _unimodal(features, 'features')
    widths = {name: t.shape[1] for name, t in features.items() if name != FUSED}
    if len(set(widths.values())) > 1:
        raise ValueError(
            f'`features` must have one width for all modalities, but they are {widths}: a cosine '
            'needs equal widths. Use the prediction similarity, or project the features.')
    return _mean_pairwise_cosine(vectors)


def stream_weights(streams: Iterable[str],
                   alpha: float = 0.2,
                   weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """Give the weight of each stream in the training loss.

    Args:
        streams: Names of the streams; ``'fused'`` is the fused one, all others are modalities.
        alpha: Share of the unimodal losses, in [0, 1].
        weights: Explicit weight by stream, which replaces ``alpha``. The authors' code uses 1
            for every stream.

    Returns:
        Weight by stream: ``1 - alpha`` for the fused one and ``alpha`` for each modality.

    Raises:
        ValueError: For ``alpha`` outside [0, 1] or a stream without a weight.

    Reference:
        BSS, Eq. 4 with alpha = 0.2 (section 4.1).
    """
    streams = list(streams)
    if weights is None:
        if not 0 <= alpha <= 1:
            raise ValueError(f'`alpha` must lie in [0, 1], but got {alpha}: it is the share of '
                             'the unimodal losses in Eq. 4.')
        return {name: 1 - alpha if name == FUSED else alpha for name in streams}
    missing = [name for name in streams if name not in weights]
    if missing:
        raise ValueError(f'`weights` must give a weight to every stream, but {missing} have none '
                         f'(given: {sorted(weights)}).')
    return {name: float(weights[name]) for name in streams}


def multimodal_loss(logits: Mapping[str, Tensor],
                    labels: Tensor,
                    alpha: float = 0.2,
                    weights: Mapping[str, float] | None = None) -> Tensor:
    """Compute the training loss of each sample.

    Args:
        logits: Logits by stream, each of shape (N, C); ``'fused'`` is the fused stream. A model
            without one has only its unimodal terms.
        labels: Class indices, shape (N,), in [0, C).
        alpha: Share of the unimodal losses, in [0, 1].
        weights: Explicit weight by stream, which replaces ``alpha``.

    Returns:
        Weighted sum of cross-entropies, shape (N,). Half precision is computed in float32.

    Reference:
        BSS, Eq. 4, before the mean over samples.
    """
    factors = stream_weights(logits, alpha, weights)
    terms = [factors[name] * F.cross_entropy(_full_precision(logits[name]), labels,
                                             reduction='none') for name in logits]
    return torch.stack(terms).sum(dim=0)


def gradient_magnitude(losses: Tensor, parameters: Iterable[Tensor],
                       norm: str = 'total') -> Tensor:
    """Compute the exact gradient norm of each sample by one backward pass per sample.

    Exact only where samples do not influence each other, i.e. with BatchNorm in eval mode.

    Args:
        losses: Loss of each sample, still attached to the graph, shape (N,).
        parameters: Parameters to differentiate by; those without ``requires_grad`` are ignored.
        norm: ``'total'`` is the Euclidean norm of the whole gradient, ``'sum'`` adds up the norms
            of the parameter tensors, as the authors' code does.

    Returns:
        Gradient norms, shape (N,), not attached to the graph. ``.grad`` is not touched.

    Raises:
        ValueError: For another ``norm``.

    Reference:
        BSS, appendix (criterion "gradient magnitude"); no formula is printed there.
    """
    if norm not in ('total', 'sum'):
        raise ValueError(f"`norm` must be 'total' or 'sum', but got '{norm}'.")
    wanted = [p for p in parameters if p.requires_grad]
    order = 2 if norm == 'total' else 1
    magnitudes = []
    for loss in losses:
        grads = torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True)
        norms = [grad.float().norm() for grad in grads if grad is not None]
        magnitudes.append(torch.stack(norms).norm(p=order))
    return torch.stack(magnitudes).detach()


def head_gradient_magnitude(logits: Mapping[str, Tensor],
                            features: Mapping[str, Tensor],
                            labels: Tensor,
                            alpha: float = 0.2,
                            weights: Mapping[str, float] | None = None) -> Tensor:
    """Compute the gradient norm of each sample with respect to linear heads, in closed form.

    The gradient of stream s by its weight matrix is ``w_s (softmax(o_s) - e_y) z_s^T`` and by its
    bias ``w_s (softmax(o_s) - e_y)``, so that no backward pass is needed.

    Args:
        logits: Logits by stream, each of shape (N, C), each from one linear layer with bias.
        features: Inputs of these layers, each of shape (N, D_s). Without the key ``'fused'`` the
            fused layer is taken to read the concatenation of all features.
        labels: Class indices, shape (N,).
        alpha: Share of the unimodal losses, in [0, 1].
        weights: Explicit weight by stream, which replaces ``alpha``.

    Returns:
        Euclidean norm over all heads, shape (N,).
    """
    squares: Tensor | float = 0.0
    concatenated = sum(_full_precision(z).square().sum(dim=1)
                       for name, z in features.items() if name != FUSED)
    for name, factor in stream_weights(logits, alpha, weights).items():
        residual = _full_precision(logits[name]).softmax(dim=1)
        residual = residual - F.one_hot(labels, residual.shape[1])
        length = (_full_precision(features[name]).square().sum(dim=1)
                  if name in features else concatenated)
        squares = squares + factor**2 * residual.square().sum(dim=1) * (length + 1)
    return torch.as_tensor(squares).sqrt()


def min_max(values: Tensor) -> Tensor:
    """Rescale one criterion over the training set to [0, 1].

    Args:
        values: Criterion of each sample, shape (n,), any range.

    Returns:
        Rescaled values, shape (n,), float32 (float64 for float64 input). A constant criterion
        (also n = 1) tells samples apart in nothing and gives zeros with a warning. Entries that
        are not finite are left out of the range and become NaN.

    Reference:
        BSS, Eq. 6.
    """
    values = _full_precision(values)
    finite = values.isfinite()
    scaled = torch.full_like(values, math.nan)
    if not finite.any():
        return scaled
    low, high = values[finite].min(), values[finite].max()
    if low == high:
        warnings.warn(f'A criterion is constant ({low.item():.6g}) over all {len(values)} samples: '
                      'it contributes zeros to the balance score.', RuntimeWarning, stacklevel=2)
        scaled[finite] = 0
    else:
        scaled[finite] = (values[finite] - low) / (high - low)
    return scaled


def balance_score(correlation: Tensor | None, information: Tensor | None) -> Tensor:
    """Combine a correlation and an information criterion to the balance score.

    Args:
        correlation: Agreement of the modalities of each sample, shape (n,); None leaves it out.
        information: Difficulty (loss or gradient magnitude) of each sample, shape (n,); None
            leaves it out.

    Returns:
        ``min_max(correlation) - min_max(information)``, shape (n,), in [-1, 1]; high means
        balanced and easy. A sample with a criterion that is not finite gets -1, the least
        balanced score, with a warning.

    Raises:
        ValueError: If both criteria are None or their shapes differ.

    Reference:
        BSS, Eq. 6.
    """
    if correlation is None and information is None:
        raise ValueError('At least one of `correlation` and `information` must be given, but both '
                         'are None: there is nothing to score by.')
    if correlation is not None and information is not None and (
            correlation.shape != information.shape):
        raise ValueError('`correlation` and `information` must have one shape, but got '
                         f'{tuple(correlation.shape)} and {tuple(information.shape)}.')
    terms = []
    if correlation is not None:
        terms.append(min_max(correlation))
    if information is not None:
        terms.append(-min_max(information))
    score = torch.stack(terms).sum(dim=0)
    unknown = ~score.isfinite()
    if unknown.any():
        warnings.warn(f'{int(unknown.sum())} of {len(score)} samples have a criterion that is not '
                      'finite: their balance score is set to -1.', RuntimeWarning, stacklevel=2)
        score[unknown] = -1
    return score
