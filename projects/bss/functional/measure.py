"""The measurer: criteria of single samples and the balance score made of them (Eqs 4-6)."""
from __future__ import annotations

import math
import warnings
from itertools import combinations
from typing import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

FUSED = 'fused'


def full_precision(tensor: Tensor) -> Tensor:
    """Return float64 as it is and any other type as float32."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def keep_present(values: Tensor, stream: str, present: Mapping[str, Tensor] | None) -> Tensor:
    """Set the values of a stream to zero where it is absent, NaN included.

    Args:
        values: One value per sample, shape (N,).
        stream: Name of the stream; the fused one is never absent.
        present: Where each modality is there, bool, shape (N,) each; None for everywhere.

    Returns:
        The values, shape (N,).
    """
    if present is None or stream == FUSED or stream not in present:
        return values
    return torch.where(present[stream], values, 0)


def _unimodal(tensors: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    chosen = {name: full_precision(tensor) for name, tensor in tensors.items() if name != FUSED}
    if len(chosen) < 2:
        raise ValueError(
            f'`{what}` must hold at least two modalities beside \'{FUSED}\', but its keys are '
            f'{sorted(tensors)}: agreement between modalities is not defined for fewer.')
    return chosen


def _mean_pairwise_cosine(vectors: Mapping[str, Tensor],
                          present: Mapping[str, Tensor] | None) -> Tensor:
    pairs = list(combinations(vectors, 2))
    cosines = torch.stack([F.cosine_similarity(vectors[a], vectors[b], dim=1) for a, b in pairs])
    if present is None:
        return cosines.mean(dim=0)
    everywhere = torch.ones_like(cosines[0], dtype=torch.bool)
    there = {name: present.get(name, everywhere) for name in vectors}
    both = torch.stack([there[a] & there[b] for a, b in pairs])
    # Where no pair is there this is 0 / 0, hence NaN.
    return torch.where(both, cosines, 0).sum(dim=0) / both.sum(dim=0)


def prediction_similarity(logits: Mapping[str, Tensor], softmax: bool = True,
                          present: Mapping[str, Tensor] | None = None) -> Tensor:
    """Measure how far the unimodal predictions of a sample agree.

    Args:
        logits: Logits by modality, each of shape (N, C); the key ``'fused'`` is ignored.
        softmax: Compare softmax outputs, as the paper does. ``False`` compares raw logits, as
            the authors' NVGesture heuristic script does.
        present: Where each modality is there, bool, shape (N,) each; a modality that is not named
            always is.

    Returns:
        Mean cosine over all pairs of modalities that are both there, shape (N,), in [0, 1]
        ([-1, 1] on raw logits); NaN, for not defined, where there is no pair. Half precision is
        computed in float32; a row with NaN gives NaN.

    Raises:
        ValueError: For fewer than two modalities.

    Reference:
        BSS (IJCAI 2025), Eq. 5; the mean over pairs extends it to any number of modalities.
    """
    vectors = _unimodal(logits, 'logits')
    if softmax:
        vectors = {name: rows.softmax(dim=1) for name, rows in vectors.items()}
    return _mean_pairwise_cosine(vectors, present)


def feature_similarity(features: Mapping[str, Tensor],
                       present: Mapping[str, Tensor] | None = None) -> Tensor:
    """Measure how far the encoder features of a sample agree.

    Args:
        features: Features by modality, each of shape (N, D) with one D; ``'fused'`` is ignored.
        present: Where each modality is there, bool, shape (N,) each; a modality that is not named
            always is.

    Returns:
        Mean cosine over all pairs of modalities that are both there, shape (N,), in [-1, 1]; NaN
        where there is no pair.

    Raises:
        ValueError: For fewer than two modalities or differing feature widths.

    Reference:
        BSS, appendix (criterion "feature similarity").
    """
    vectors = _unimodal(features, 'features')
    widths = {name: rows.shape[1] for name, rows in vectors.items()}
    if len(set(widths.values())) > 1:
        raise ValueError(
            f'`features` must have one width for all modalities, but they are {widths}: a cosine '
            'needs equal widths. Use the prediction similarity, or project the features.')
    return _mean_pairwise_cosine(vectors, present)


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
                    weights: Mapping[str, float] | None = None,
                    present: Mapping[str, Tensor] | None = None) -> Tensor:
    """Compute the training loss of each sample.

    Args:
        logits: Logits by stream, each of shape (N, C); ``'fused'`` is the fused stream. A model
            without one has only its unimodal terms.
        labels: Class indices, shape (N,), in [0, C).
        alpha: Share of the unimodal losses, in [0, 1].
        weights: Explicit weight by stream, which replaces ``alpha``.
        present: Where each modality is there, bool, shape (N,) each; a modality that is not named
            always is. An absent one adds nothing, the fused stream always counts.

    Returns:
        Weighted sum of cross-entropies, shape (N,). Half precision is computed in float32.

    Reference:
        BSS, Eq. 4, before the mean over samples.
    """
    factors = stream_weights(logits, alpha, weights)
    terms = [factors[name] * keep_present(
        F.cross_entropy(full_precision(rows), labels, reduction='none'), name, present)
        for name, rows in logits.items()]
    return torch.stack(terms).sum(dim=0)


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
    values = full_precision(values)
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
        correlation: Agreement of the modalities of each sample, shape (n,); NaN where fewer than
            two modalities are there; None leaves it out.
        information: Difficulty (loss or gradient magnitude) of each sample, shape (n,); None
            leaves it out.

    Returns:
        ``min_max(correlation) - min_max(information)``, shape (n,), in [-1, 1]; high means
        balanced and easy. A correlation of NaN beside a finite information counts as 0 after
        rescaling, like the lowest one: no agreement was seen. Any other sample with a criterion
        that is not finite gets -1, the least balanced score, with a warning.

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
        agreement = min_max(correlation)
        if information is not None:
            agreement[correlation.isnan()] = 0
        terms.append(agreement)
    if information is not None:
        terms.append(-min_max(information))
    score = torch.stack(terms).sum(dim=0)
    unknown = ~score.isfinite()
    if unknown.any():
        warnings.warn(f'{int(unknown.sum())} of {len(score)} samples have a criterion that is not '
                      'finite: their balance score is set to -1.', RuntimeWarning, stacklevel=2)
        score[unknown] = -1
    return score
