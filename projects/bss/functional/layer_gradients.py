"""Squared gradient norms of single samples by the parameters of one layer."""
from __future__ import annotations

from math import prod
from typing import Any, Callable, Iterator, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn import grad

# Of a layer, its input, the gradient of its output and the number N of samples: shape (N,).
Rule = Callable[[Any, Tensor, Tensor, int], Tensor]


class LayerRules(NamedTuple):
    """How the gradients of the parameters of a type of layer are measured.

    Args:
        weight: Squared norm of the gradient by ``weight``.
        bias: The same of ``bias``; None for a layer that has none.
        applies: Whether the rules hold for a layer, with its options and in its mode.
    """

    weight: Rule
    bias: Rule | None = None
    applies: Callable[[Any], bool] = lambda layer: True


def rules_of(layer: nn.Module) -> dict[str, Rule]:
    """Give the rules of the parameters of a layer that are trained.

    Args:
        layer: Any module.

    Returns:
        Rule by parameter; empty for a module that is not a known layer. A subclass is not known,
        because it may compute something else.
    """
    rules = LAYERS.get(type(layer))
    if rules is None or not rules.applies(layer):
        return {}
    trained = [name for name, p in layer.named_parameters(recurse=False) if p.requires_grad]
    return {name: getattr(rules, name) for name in trained}


def squared_product(x: Tensor, g: Tensor) -> Tensor:
    """Compute the squared norm of ``sum_p g_p x_p^T`` of each sample.

    Args:
        x: Inputs of a matrix at P positions, shape (N, P, D).
        g: Gradients of its outputs, shape (N, P, E).

    Returns:
        Squared norms, shape (N,): by the sum itself, or by the inner products
        ``sum_pq (x_p x_q) (g_p g_q)`` where these are fewer operations.
    """
    positions, width, height = x.shape[1], x.shape[2], g.shape[2]
    if positions * (width + height) <= width * height:
        return ((x @ x.mT) * (g @ g.mT)).sum(dim=(1, 2))
    return (g.mT @ x).square().sum(dim=(1, 2))


def _last(g: Tensor, size: int, samples: int) -> Tensor:
    return g.reshape(samples, -1, size).sum(dim=1).square().sum(dim=1)


def _channels(g: Tensor, samples: int) -> Tensor:
    blocks = g.reshape(samples, -1, g.shape[1], prod(g.shape[2:]))
    return blocks.sum(dim=(1, 3)).square().sum(dim=1)


def _bias_of_last(layer: Any, x: Tensor, g: Tensor, samples: int) -> Tensor:
    return _last(g, layer.bias.numel(), samples)


def _bias_of_channels(layer: Any, x: Tensor, g: Tensor, samples: int) -> Tensor:
    return _channels(g, samples)


def _linear(layer: nn.Linear, x: Tensor, g: Tensor, samples: int) -> Tensor:
    return squared_product(x.reshape(samples, -1, layer.in_features),
                           g.reshape(samples, -1, layer.out_features))


def _positions(x: Tensor, samples: int) -> Tensor:
    """Bring (k N, C, ...) to (N, P, C)."""
    return x.reshape(samples, -1, x.shape[1], prod(x.shape[2:])).mT.flatten(1, 2)


def _convolution(layer: Any, x: Tensor, g: Tensor, samples: int) -> Tensor:
    if x.shape[2:] == g.shape[2:] and prod(layer.kernel_size) == layer.groups == 1:
        return squared_product(_positions(x, samples), _positions(g, samples))
    gradient = _OF_CONVOLUTION[type(layer)]
    rows = len(x) // samples
    squares = x.new_empty(samples)
    for sample, (piece, of_output) in enumerate(zip(x.split(rows), g.split(rows))):
        squares[sample] = gradient(piece, layer.weight.shape, of_output, layer.stride,
                                   layer.padding, layer.dilation, layer.groups).square().sum()
    return squares


def _batch_norm(layer: Any, x: Tensor, g: Tensor, samples: int) -> Tensor:
    normal = F.batch_norm(x, layer.running_mean, layer.running_var, eps=layer.eps)
    return _channels(normal * g, samples)


def _group_norm(layer: nn.GroupNorm, x: Tensor, g: Tensor, samples: int) -> Tensor:
    return _channels(F.group_norm(x, layer.num_groups, eps=layer.eps) * g, samples)


def _layer_norm(layer: nn.LayerNorm, x: Tensor, g: Tensor, samples: int) -> Tensor:
    shape = list(layer.normalized_shape)
    return _last(F.layer_norm(x, shape, eps=layer.eps) * g, prod(shape), samples)


def _embedding(layer: nn.Embedding, x: Tensor, g: Tensor, samples: int) -> Tensor:
    ids = x.reshape(samples, -1)
    rows = g.reshape(samples, -1, layer.embedding_dim)
    same = ids[:, :, None] == ids[:, None, :]
    if layer.padding_idx is not None:
        same = same & (ids != layer.padding_idx)[:, None, :]
    return ((rows @ rows.mT) * same).sum(dim=(1, 2))


def _pads_with_zeros(layer: Any) -> bool:
    return layer.padding_mode == 'zeros' and not isinstance(layer.padding, str)


def _uses_running_statistics(layer: Any) -> bool:
    return not layer.training and layer.running_mean is not None


def _looks_up_only(layer: nn.Embedding) -> bool:
    return layer.max_norm is None and not layer.scale_grad_by_freq and not layer.sparse


_OF_CONVOLUTION: dict[type, Callable[..., Tensor]] = {
    nn.Conv1d: grad.conv1d_weight, nn.Conv2d: grad.conv2d_weight, nn.Conv3d: grad.conv3d_weight}


def _layers() -> Iterator[tuple[type, LayerRules]]:
    yield nn.Linear, LayerRules(_linear, _bias_of_last)
    yield nn.LayerNorm, LayerRules(_layer_norm, _bias_of_last)
    yield nn.GroupNorm, LayerRules(_group_norm, _bias_of_channels)
    yield nn.Embedding, LayerRules(_embedding, applies=_looks_up_only)
    for convolution in _OF_CONVOLUTION:
        yield convolution, LayerRules(_convolution, _bias_of_channels, _pads_with_zeros)
    for norm in (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d):
        yield norm, LayerRules(_batch_norm, _bias_of_channels, _uses_running_statistics)


LAYERS: dict[type, LayerRules] = dict(_layers())
