"""From balance scores to an order of samples: ranking, momentum, weights, draws (Eqs 8-11)."""
from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor

from .names import closest_name
from .race import ascending_words, last_keys, race_keys

WEIGHTINGS = ('softmax', 'linear')
# A block of keys fits the cache of a core; an accelerator wants few and long ones.
_BLOCK = defaultdict(lambda: 1 << 24, cpu=1 << 16)


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

    Sorting ``log_weights + Gumbel noise`` gives this law at any n; ``torch.multinomial`` stops at
    2^24 categories. Key and position share one 64-bit word, so that one sort in place does it, in
    about 9 bytes of memory per sample beside the input. The position takes the lowest log2(n) bits
    of the key's mantissa, which stays as fine as float32 up to 2^29 samples; two keys that become
    equal come in either order with probability 1/2.

    Args:
        log_weights: Natural logarithm of the weights, shape (n,), up to a constant. ``-inf`` (a
            weight of zero) comes after all others, in uniform order.
        generator: Source of the noise; the order is drawn on its device, without one on the CPU.
            The same seed gives another order on another kind of device.
        num_samples: Length of the draw, in [1, n]; None draws all.

    Returns:
        Positions in the order of drawing, shape (num_samples,), int64, on the generator's device.

    Raises:
        ValueError: For an empty or NaN input, an infinite weight or ``num_samples`` outside
            [1, n].

    Reference:
        BSS, Eq. 11.
    """
    size = len(log_weights)
    lowest, highest = log_weights.aminmax() if size else (torch.nan, torch.nan)
    if not highest < torch.inf:
        raise ValueError(f'`log_weights` must hold at least one number, none of them NaN or +inf, '
                         f'but got {size} entries: check the scores that they come from.')
    if num_samples is not None and not 1 <= num_samples <= size:
        raise ValueError(f'`num_samples` must lie in [1, {size}], but got {num_samples}.')
    device = torch.device('cpu') if generator is None else generator.device
    keys = _gumbel_keys(log_weights.to(device), bool(lowest == -torch.inf), generator)
    return _argsort_in_place(keys, num_samples or size, generator)


def _gumbel_keys(log_weights: Tensor, some_never: bool,
                 generator: torch.Generator | None) -> Tensor:
    """Draw keys whose ascending order is the order of drawing; blocks keep temporaries small."""
    device = log_weights.device
    keys = torch.empty(len(log_weights), dtype=torch.float64, device=device)
    for part, block in zip(keys.split(_BLOCK[device.type]), log_weights.split(_BLOCK[device.type])):
        race_keys(part.uniform_(generator=generator), block)
        if some_never and (never := part == torch.inf).any():
            noise = torch.rand(len(part), dtype=part.dtype, device=device, generator=generator)
            part[never] = last_keys(noise[never])
    return keys


def _argsort_in_place(keys: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Find the positions of the smallest keys, ascending; the memory of the keys is reused."""
    position_mask = (1 << (len(keys) - 1).bit_length()) - 1
    # Flipping random bits of the positions is what makes ties fair.
    flip = int(torch.randint(position_mask + 1, (), generator=generator, device=keys.device))
    start = 0
    for part in keys.split(_BLOCK[keys.device.type]):
        positions = torch.arange(start, start + len(part), device=keys.device)
        ascending_words(part).bitwise_and_(~position_mask).bitwise_or_(positions ^ flip)
        start += len(part)
    words = _smallest(keys.view(torch.int64), count)
    return words.bitwise_and_(position_mask).bitwise_xor_(flip)


def _smallest(words: Tensor, count: int) -> Tensor:
    """Sort and keep the smallest words, in their own memory where that can be."""
    if count < len(words):
        return words.topk(count, largest=False, sorted=True).values
    if words.device.type != 'cpu':
        return words.sort().values
    words.numpy().sort()
    return words


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
