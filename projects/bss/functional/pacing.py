"""Pacing functions: the share of the training set that an epoch may use (Eq 7)."""
from __future__ import annotations

import math
from typing import Callable

from .names import closest_name


def _root(progress: float, lambda_0: float, power: float) -> float:
    return ((1 - lambda_0**power) * progress + lambda_0**power)**(1 / power)


def _linear(progress: float, lambda_0: float, power: float) -> float:
    return lambda_0 + (1 - lambda_0) * progress


def _geometric(progress: float, lambda_0: float, power: float) -> float:
    return lambda_0**(1 - progress)


def _baby_step(progress: float, lambda_0: float, power: float) -> float:
    steps = 5
    return lambda_0 + (1 - lambda_0) * math.floor(steps * progress + 1e-9) / steps


PACINGS: dict[str, Callable[[float, float, float], float]] = dict(
    root=_root, linear=_linear, geometric=_geometric, baby_step=_baby_step)


def pacing(epoch: int,
           type: str = 'root',
           power: float = 2,
           t_grow: float = 40,
           lambda_0: float = 0.1,
           offset: int = 0) -> float:
    """Compute the share lambda(t) of the training set that epoch t uses.

    Args:
        epoch: Epoch t, counted from 0.
        type: ``'root'`` (Eq 7), ``'linear'``, ``'geometric'`` or ``'baby_step'`` (five equal
            steps; their number is our choice, the paper gives none).
        power: Exponent p of the root: 2 for Eq 7, 3 and 5 in the appendix.
        t_grow: Epoch at which the whole set is in use, > 0.
        lambda_0: Share at t = 0, in (0, 1].
        offset: Added to the epoch; 1 is what the authors' code does.

    Returns:
        Share in [lambda_0, 1]: lambda_0 at t = 0 and 1 from t_grow on.

    Raises:
        ValueError: For an unknown type or an argument outside its range.

    Reference:
        BSS, Eq. 7, lambda_0 = 0.1 and T_grow = 40 (section 4.1); other types: appendix.
    """
    if type not in PACINGS:
        raise ValueError(closest_name('pacing', type, PACINGS))
    if not 0 < lambda_0 <= 1:
        raise ValueError(f'`lambda_0` must lie in (0, 1], but got {lambda_0}: it is the share of '
                         'the training set in use at the first epoch.')
    if t_grow <= 0 or power <= 0:
        raise ValueError(f'`t_grow` and `power` must be positive, but got t_grow={t_grow} and '
                         f'power={power}.')
    progress = min(1.0, (epoch + offset) / t_grow)
    return min(1.0, PACINGS[type](progress, lambda_0, power))


def paced_count(num_samples: int, share: float) -> int:
    """Turn a share into a number of samples.

    Args:
        num_samples: Size n of the training set, >= 1.
        share: Share lambda, in (0, 1].

    Returns:
        ``floor(n * lambda)``, at least 1. The floor forgives rounding errors of 1e-9, so that
        lambda = 0.3 of ten samples are three.
    """
    return max(1, math.floor(num_samples * share + 1e-9))
