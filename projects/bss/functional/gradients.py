"""Gradients of several losses as vectors: their angle, and the shortest vector between them."""
from __future__ import annotations

from itertools import combinations
from typing import Sequence

import torch
from torch import Tensor

from .measure import full_precision

MOST_VECTORS = 10


def flatten_gradients(gradients: Sequence[Tensor | None], like: Sequence[Tensor]) -> Tensor:
    """Lay gradients end to end.

    Args:
        gradients: Gradient of each parameter; None counts as zeros.
        like: The parameters, of the same shapes.

    Returns:
        One vector, shape (D,), D being the number of elements of all parameters.
    """
    parts = [torch.zeros_like(parameter) if grad is None else grad
             for grad, parameter in zip(gradients, like, strict=True)]
    return torch.cat([part.flatten() for part in parts])


def restore_gradients(vector: Tensor, like: Sequence[Tensor]) -> list[Tensor]:
    """Undo :func:`flatten_gradients`.

    Args:
        vector: Vector, shape (D,).
        like: The parameters, with D elements in all.

    Returns:
        Views of the vector, one per parameter, of its shape.

    Raises:
        ValueError: If the parameters have another number of elements.
    """
    sizes = [parameter.numel() for parameter in like]
    if vector.shape != (sum(sizes), ):
        raise ValueError(f'`vector` must have shape ({sum(sizes)},), one entry per element of '
                         f'`like`, but got {tuple(vector.shape)}.')
    return [part.view_as(parameter) for part, parameter in zip(vector.split(sizes), like)]


def gradient_cosine(first: Tensor, second: Tensor) -> Tensor:
    """Compute the cosine of the angle between two gradients.

    Args:
        first: Vector, shape (D,).
        second: Vector, shape (D,).

    Returns:
        Cosine, a scalar in [-1, 1]; 0 if a vector is zero.
    """
    norms = first.norm() * second.norm()
    return torch.where(norms == 0, 0, first.dot(second) / norms).clamp(-1, 1)


def min_norm(vectors: Tensor) -> Tensor:
    """Find the shortest vector in the convex hull of some vectors.

    Args:
        vectors: Vectors, shape (T, D), T <= 10. Half precision is computed in float32.

    Returns:
        Weights w >= 0 with sum 1, shape (T,), for which ``w @ vectors`` is shortest. Its inner
        product with every vector of positive weight is its squared norm, and no less with the
        others. Where several weights are best, those of the smallest set of vectors are taken, and
        equal ones for two equal vectors.

    Raises:
        ValueError: If there are none or too many vectors.

    Reference:
        Desideri, "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization",
        2012; for two vectors the closed form of MMPareto (ICML 2024).
    """
    if vectors.dim() != 2 or not 1 <= len(vectors) <= MOST_VECTORS:
        raise ValueError(f'`vectors` must have shape (T, D) with 1 <= T <= {MOST_VECTORS}, but got '
                         f'{tuple(vectors.shape)}: every subset of the T vectors is tried.')
    vectors = full_precision(vectors)
    if len(vectors) == 2:
        return _min_norm_of_two(*vectors)
    weights = _min_norm_of_gram((vectors @ vectors.T).to('cpu', torch.float64))
    return weights.to(vectors)


def _min_norm_of_two(first: Tensor, second: Tensor) -> Tensor:
    gap = second - first
    squared = gap.dot(gap)
    share = torch.where(squared == 0, 0.5, second.dot(gap) / squared).clamp(0, 1)
    return torch.stack([share, 1 - share])


def _min_norm_of_gram(gram: Tensor) -> Tensor:
    """Try every face of the hull: the shortest of the inner solutions is the solution."""
    count = len(gram)
    gram = gram / gram.diagonal().max().clamp(min=torch.finfo(gram.dtype).tiny)
    best, least = torch.full((count, ), 1 / count, dtype=gram.dtype), torch.tensor(torch.inf)
    for size in range(1, count + 1):
        for face in map(list, combinations(range(count), size)):
            inner = _balanced_weights(gram[face][:, face])
            weights = torch.zeros_like(best).index_copy(0, torch.tensor(face), inner)
            squared = weights @ gram @ weights
            if (inner >= 0).all() and squared < least - 1e-12:
                best, least = weights, squared
    return best


def _balanced_weights(gram: Tensor) -> Tensor:
    """Find weights of sum 1 whose combination has one inner product with all vectors."""
    count = len(gram)
    system = torch.ones(count + 1, count + 1, dtype=gram.dtype)
    system[:count, :count] = gram
    system[count, count] = 0
    target = torch.zeros(count + 1, dtype=gram.dtype)
    target[count] = 1
    return (torch.linalg.pinv(system, hermitian=True) @ target)[:count]
