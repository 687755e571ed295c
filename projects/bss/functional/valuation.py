"""What each modality contributes: subsets of modalities and exact Shapley values."""
from __future__ import annotations

from itertools import chain, combinations
from math import factorial
from typing import Collection, Iterable, Mapping, TypeVar

import torch
from torch import Tensor

Subset = TypeVar('Subset', bound=Collection[str])


def subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    """List the subsets of modalities that a valuation needs.

    Args:
        names: Names of the modalities, M of them.

    Returns:
        The 2^M - 1 subsets that are not empty, the small ones first, each in the order of
        ``names``.
    """
    names = tuple(names)
    return list(chain.from_iterable(combinations(names, size)
                                    for size in range(1, len(names) + 1)))


def shapley_values(values: Mapping[Subset, Tensor]) -> dict[str, Tensor]:
    """Share out the value of all modalities together among the modalities, exactly.

    Args:
        values: Value of each subset of modalities, by subset (a tuple or frozenset of names),
            tensors of one shape, such as (N,). The empty subset is worth 0 unless it is given.

    Returns:
        Value of each modality by name, of that shape. They add up to the value of all modalities
        less that of the empty subset.

    Raises:
        ValueError: If a subset is missing.

    Reference:
        Shapley: A value for n-person games, 1953.
    """
    worth = {frozenset(subset): value for subset, value in values.items()}
    names = list(dict.fromkeys(chain.from_iterable(values)))
    missing = [subset for subset in subsets(names) if frozenset(subset) not in worth]
    if missing or not names:
        raise ValueError(f'`values` must hold every subset of the modalities {names} that is not '
                         f'empty, but lacks {missing}.')
    whole = worth[frozenset(names)]
    worth.setdefault(frozenset(), torch.zeros_like(whole))
    return {name: _shapley_value(name, names, worth) for name in names}


def _shapley_value(name: str, names: list[str], worth: Mapping[frozenset[str], Tensor]) -> Tensor:
    total = torch.zeros_like(worth[frozenset(names)])
    for others in [(), *subsets(other for other in names if other != name)]:
        orders = factorial(len(others)) * factorial(len(names) - len(others) - 1)
        total = total + orders * (worth[frozenset((*others, name))] - worth[frozenset(others)])
    # Divided once, at the end, so that whole numbers give exact results.
    return total / factorial(len(names))
