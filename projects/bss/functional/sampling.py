"""From balance scores to an order of samples: ranking, momentum, weights, draws (Eqs 8-11)."""
from __future__ import annotations

import torch
from torch import Tensor

from .names import closest_name

WEIGHTINGS = ('softmax', 'linear')


def rank(scores: Tensor, descending: bool = True) -> Tensor:
    """Rank samples by score; ties keep the order of the data set.

    Args:
        scores: Balance scores, shape (n,).
        descending: Highest score first.

    Returns:
        Positions from first to last rank, shape (n,), int64.

    Reference:
        BSS, Eq. 8 (the first ``paced_count`` of them are the candidates of an epoch).
    """
    return torch.argsort(scores, descending=descending, stable=True)


def momentum_update(previous: Tensor, current: Tensor, beta: float) -> Tensor:
    """Smooth new balance scores with the previous ones.

    Args:
        previous: Scores before the update, shape (n,); NaN where there is none yet.
        current: Newly measured scores, shape (n,).
        beta: Weight of the new scores, in [0, 1]: 1 replaces, 0 freezes.

    Returns:
        ``(1 - beta) * previous + beta * current``, shape (n,); ``current`` where previous is NaN.

    Raises:
        ValueError: For ``beta`` outside [0, 1].

    Reference:
        BSS, Eq. 9, beta = 0.6.
    """
    if not 0 <= beta <= 1:
        raise ValueError(f'`beta` must lie in [0, 1], but got {beta}: it is the weight of the new '
                         'scores in Eq. 9.')
    smoothed = (1 - beta) * previous + beta * current
    return torch.where(previous.isnan(), current, smoothed)


def sampling_probabilities(scores: Tensor,
                           weighting: str = 'softmax',
                           temperature: float = 1.0,
                           epsilon: float = 0.01) -> Tensor:
    """Turn balance scores into sampling probabilities.

    Args:
        scores: Balance scores, shape (n,), in [-1, 1].
        weighting: ``'softmax'`` (Eq 10) or ``'linear'``, the authors' code: 1 + score + epsilon.
        temperature: Divides the log-weights, > 0. Scores span at most 2, so at temperature 1 the
            odds of two samples differ by e^2 at most; smaller values sharpen the order.
        epsilon: Added to linear weights only, >= 0; 0 in the authors' NVGesture script.

    Returns:
        Probabilities, shape (n,), summing to 1.

    Raises:
        ValueError: For an unknown weighting, ``temperature <= 0`` or ``epsilon < 0``.

    Reference:
        BSS, Eq. 10.
    """
    if weighting not in WEIGHTINGS:
        raise ValueError(closest_name('weighting', weighting, WEIGHTINGS))
    if temperature <= 0:
        raise ValueError(f'`temperature` must be positive, but got {temperature}.')
    if epsilon < 0:
        raise ValueError(f'`epsilon` must not be negative, but got {epsilon}.')
    if weighting == 'softmax':
        return (scores / temperature).softmax(dim=0)
    weights = (1 + scores + epsilon).clamp_min(0)**(1 / temperature)
    total = weights.sum()
    return weights / total if total > 0 else torch.full_like(weights, 1 / len(weights))


def weighted_permutation(log_weights: Tensor,
                         generator: torch.Generator | None = None,
                         num_samples: int | None = None) -> Tensor:
    """Draw samples one after another without replacement, each draw proportional to the weights.

    Sorting ``log_weights + Gumbel noise`` gives exactly this law at any n; ``torch.multinomial``
    stops at 2^24 categories. Peak memory is 16 bytes per sample beside the input.

    Args:
        log_weights: Natural logarithm of the weights, shape (n,), up to a constant. ``-inf`` (a
            weight of zero) comes after all others, in uniform order.
        generator: Source of the noise, on the CPU.
        num_samples: Length of the draw, in [1, n]; None draws all.

    Returns:
        Positions in the order of drawing, shape (num_samples,), int64.

    Raises:
        ValueError: For an empty or NaN input, an infinite weight or ``num_samples`` outside
            [1, n].

    Reference:
        BSS, Eq. 11.
    """
    size = len(log_weights)
    if size == 0 or not bool((log_weights < torch.inf).all()):
        raise ValueError(f'`log_weights` must hold at least one number, none of them NaN or +inf, '
                         f'but got {size} entries: check the scores that they come from.')
    if num_samples is not None and not 1 <= num_samples <= size:
        raise ValueError(f'`num_samples` must lie in [1, {size}], but got {num_samples}.')
    keys = torch.empty(size, dtype=torch.float64).exponential_(generator=generator).log_()
    keys -= log_weights.cpu()
    never = keys.isinf()
    if never.any():
        _put_last(keys, never, generator)
    if num_samples is not None and num_samples < size:
        return keys.topk(num_samples, largest=False, sorted=True).indices
    return torch.from_numpy(keys.numpy().argsort())


def _put_last(keys: Tensor, never: Tensor, generator: torch.Generator | None) -> None:
    """Replace the keys of zero-weight samples by uniform ones above all others, in place."""
    drawn = ~never
    highest = keys[drawn].max() if drawn.any() else torch.zeros((), dtype=keys.dtype)
    noise = torch.rand(int(never.sum()), dtype=keys.dtype, generator=generator)
    keys[never] = highest + 1 + noise


def sampling_entropy(probabilities: Tensor) -> float:
    """Compute the entropy of sampling probabilities, relative to the uniform one.

    Args:
        probabilities: Shape (n,), summing to 1.

    Returns:
        Entropy divided by ln n, in [0, 1]; 1 for uniform probabilities and for n = 1.
    """
    size = len(probabilities)
    if size == 1:
        return 1.0
    entropy = torch.special.entr(probabilities.double()).sum()
    return float(entropy / torch.log(torch.tensor(float(size), dtype=torch.float64)))


def effective_sample_size(probabilities: Tensor) -> float:
    """Compute Kish's effective sample size of sampling probabilities.

    Args:
        probabilities: Shape (n,), summing to 1.

    Returns:
        ``1 / sum(p^2)``, in [1, n].
    """
    return float(1 / probabilities.double().square().sum())
