"""Draw the rows or elements of a weight that one step may change."""
from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor

Draw = Callable[[Tensor, Tensor, torch.Generator | None], tuple[Tensor, Tensor]]


def importance(gradient: Tensor) -> Tensor:
    """Compute each row's share of the squared gradient.

    Args:
        gradient: Gradient of a weight, shape (n, ...).

    Returns:
        Shares, shape (n,), summing to 1; uniform for a gradient of zeros.
    """
    return normalise(gradient.float().flatten(1).square().sum(dim=1))


def normalise(values: Tensor) -> Tensor:
    """Divide by the sum.

    Args:
        values: Shape (..., n), >= 0.

    Returns:
        Shape (..., n), summing to 1 over the last dimension; uniform where all are zero.
    """
    total = values.sum(dim=-1, keepdim=True)
    return torch.where(total > 0, values / total, 1 / values.shape[-1])


def draw_adaptively(shares: Tensor, count: Tensor,
                    generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Draw one after another without replacement, each draw proportional to the shares.

    The ``count`` earliest of clocks that ring at rates proportional to the shares have this law.
    Given the time at which the next clock rings, the others are independent, and an element is
    in the draw with probability ``1 - exp(-share * time)``. A mask divided by it has the
    expectation one for every element whose share is not zero.

    Args:
        shares: Shape (..., n), >= 0, summing to 1 over the last dimension.
        count: Number of elements to draw, a scalar in [1, n].
        generator: Source of the clocks, on the device of the shares.

    Returns:
        Mask of the drawn elements, bool, shape (..., n); and the probability of each given the
        time of the clock after the last, shape (..., n), ones if all are drawn.

    Reference:
        Duffield, Lund, Thorup, "Priority Sampling for Estimation of Arbitrary Subset Sums",
        JACM 2007, for the conditional probability.
    """
    clocks = torch.empty_like(shares).exponential_(generator=generator) / shares
    order = clocks.argsort(dim=-1)
    times = torch.cat([clocks.gather(-1, order), torch.full_like(clocks[..., :1], torch.inf)], -1)
    next_time = times.index_select(-1, count.reshape(1))
    probability = torch.where(next_time < torch.inf, -torch.expm1(-shares * next_time), 1)
    return order.argsort(dim=-1) < count, probability


def draw_uniformly(shares: Tensor, count: Tensor,
                   generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Draw without replacement, whatever the shares.

    Args:
        shares: Shape (..., n); only the shape counts.
        count: Number of elements to draw, a scalar in [1, n].
        generator: Source of the draw, on the device of the shares.

    Returns:
        Mask of the drawn elements, bool, and the probability ``count / n`` of each, both of shape
        (..., n).
    """
    mask, _ = draw_adaptively(torch.full_like(shares, 1 / shares.shape[-1]), count, generator)
    return mask, (count / shares.shape[-1]).to(shares).expand_as(shares)


def draw_largest(shares: Tensor, count: Tensor,
                 generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
    """Take the elements with the largest shares; of equal ones the first.

    Args:
        shares: Shape (..., n).
        count: Number of elements to take, a scalar in [1, n].
        generator: Not used.

    Returns:
        Mask of the elements, bool, shape (..., n), and the mask once more as probabilities.
    """
    order = shares.argsort(dim=-1, descending=True, stable=True)
    mask = order.argsort(dim=-1) < count
    return mask, mask.to(shares)


SAMPLINGS: dict[str, Draw] = dict(
    adaptive=draw_adaptively, random=draw_uniformly, topk=draw_largest)
