"""Difference between two methods, with an interval over seeds and test samples."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DRAWS = 10000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """A method less another.

    Args:
        mean: Mean over seeds and samples.
        low: Lower end of the interval.
        high: Upper end.
    """

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What the interval allows to say."""
        if self.low > 0:
            return 'better'
        return 'worse' if self.high < 0 else 'no difference seen'


def bootstrap(method: np.ndarray, other: np.ndarray, draws: int = DRAWS,
              confidence: float = CONFIDENCE) -> Difference:
    """Compare two methods that were run with the same seeds and tested on the same samples.

    Seeds and samples are both drawn anew. Samples are drawn for all seeds together, because the
    seeds share one test set: it does not grow with the number of seeds. Of S seeds S - 1 are
    drawn, with which the variance of their mean is estimated without bias.

    Args:
        method: Whether the method classified a sample rightly, shape (S, n): seeds, samples.
        other: The same of the other method, shape (S, n), seeds and samples in the same order.
        draws: Number of draws, >= 1.
        confidence: Share of the draws inside the interval, in (0, 1).

    Returns:
        The difference. With a single seed the interval is over samples only.

    Raises:
        ValueError: If the two do not belong together.

    Reference:
        Percentile interval: Efron, Bootstrap methods, Annals of Statistics 1979. S - 1 draws:
        Rao and Wu, Journal of the American Statistical Association 1988.
    """
    if method.shape != other.shape or method.ndim != 2 or not method.size:
        raise ValueError('`method` and `other` must both have the shape (seeds, samples) of the '
                         f'same seeds and samples, but have {method.shape} and {other.shape}.')
    gains = method.astype(float) - other.astype(float)
    generator = np.random.default_rng(0)
    drawn = _means_of_draws(gains.mean(axis=0), gains.shape[1], draws, generator)
    if len(gains) > 1:
        by_seed = gains.mean(axis=1)
        drawn += _means_of_draws(by_seed - by_seed.mean(), len(gains) - 1, draws, generator)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return Difference(float(gains.mean()), float(low), float(high))


def _means_of_draws(values: np.ndarray, size: int, draws: int,
                    generator: np.random.Generator) -> np.ndarray:
    # In blocks, so that a large test set does not fill the memory.
    block = max(1, 10**7 // size)
    parts = [values[generator.integers(len(values), size=(min(block, draws - start), size))]
             .mean(axis=1) for start in range(0, draws, block)]
    return np.concatenate(parts)
