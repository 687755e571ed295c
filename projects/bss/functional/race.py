"""The exponential race: independent keys whose ascending order is a weighted order (Eq 11)."""
from __future__ import annotations

import torch
from torch import Tensor

_LARGEST = (1 << 63) - 1


def race_keys(uniform: Tensor, log_weights: Tensor) -> Tensor:
    """Turn uniform noise into the logarithm of exponential noise of rate ``exp(log_weights)``.

    Args:
        uniform: Noise in [0, 1), shape (n,), float64. Overwritten by the result.
        log_weights: Natural logarithm of the weights, shape (n,).

    Returns:
        Keys, shape (n,), float64; +inf for a weight of zero.
    """
    # By the inverse of the distribution function: cheaper than exponential_.
    return uniform.neg_().log1p_().neg_().log_().sub_(log_weights)


def last_keys(uniform: Tensor) -> Tensor:
    """Turn uniform noise into keys behind all others, for weights of zero.

    Args:
        uniform: Noise in [0, 1), shape (n,), float64.

    Returns:
        Finite keys, larger than any of :func:`race_keys`, shape (n,), float64.
    """
    return (uniform + 1) * (torch.finfo(torch.float64).max / 2)


def ascending_words(keys: Tensor) -> Tensor:
    """Turn keys into integers of the same order, which sort faster.

    Args:
        keys: Shape (n,), float64, none of them NaN. Overwritten by the result.

    Returns:
        Shape (n,), int64.
    """
    words = keys.view(torch.int64)
    # The bits of negative floats ascend the wrong way.
    return words.bitwise_xor_((words >> 63) & _LARGEST)
