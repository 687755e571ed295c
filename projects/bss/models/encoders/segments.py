"""Cut a chain of layers, for fusions that act between them."""
from __future__ import annotations

from functools import reduce
from typing import Callable, Mapping, Sequence

from torch import Tensor

Layer = Callable[[Tensor], Tensor]


def cut_layers(layers: Mapping[str, Layer], places: Sequence[str]) -> list[Layer]:
    """Cut a chain of layers behind some of them.

    Args:
        layers: Layers by name, in the order of the forward pass.
        places: Names behind which to cut, in that order.

    Returns:
        The segments as functions, one more than places; the last holds what is left.

    Raises:
        ValueError: If a place is not a layer, or the places stand in another order.
    """
    names = list(layers)
    unknown = [place for place in places if place not in layers]
    if unknown or sorted(places, key=names.index) != list(places):
        raise ValueError('`levels` must name layers of the encoder in the order of its forward '
                         f'pass, {names}, but got {list(places)}.')
    ends = [names.index(place) + 1 for place in places]
    chain = list(layers.values())
    return [_compose(chain[start:end]) for start, end in zip([0, *ends], [*ends, len(chain)])]


def _compose(layers: Sequence[Layer]) -> Layer:
    return lambda x: reduce(lambda value, layer: layer(value), layers, x)
