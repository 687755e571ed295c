"""Gradient norms of single samples, layer by layer in one backward pass of the batch."""
from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import Any, Callable, Iterator

import torch
from torch import Tensor, nn

from .layer_gradients import rules_of
from .magnitude import norm_order
from .measure import full_precision


class LayerTaps:
    """Measures what each sample adds to the gradients of the layers of a model.

    Args:
        num_samples: Number N of samples in the batch.
    """

    def __init__(self, num_samples: int) -> None:
        self.num_samples = num_samples
        self.squares: dict[int, Tensor] = {}  # by identity of the parameter, shape (N,)
        self.roots: list[Any] = []
        self._tapped: Counter[int] = Counter()

    def tap(self, layer: nn.Module, args: tuple, output: Tensor) -> Tensor:
        """Wait for the gradient of what a layer has put out; a forward hook.

        Args:
            layer: The layer.
            args: Its input.
            output: Its output.

        Returns:
            The output. What a look-up gave once for the whole batch is spread over the samples,
            so that each has a gradient of its own.

        Raises:
            RuntimeError: If the input does not begin with the dimension of samples.
        """
        x, = args
        if isinstance(layer, nn.Embedding) and len(x) == 1:
            x = x.expand(self.num_samples, *x.shape[1:])
            output = output.expand(self.num_samples, *output.shape[1:])
        if x.dim() < 2 or len(x) % self.num_samples or len(output) != len(x):
            raise RuntimeError(
                f'a {type(layer).__name__} maps {tuple(x.shape)} to {tuple(output.shape)}, which '
                f'does not begin with the {self.num_samples} samples of the batch')
        self._tapped.update(map(id, layer.parameters(recurse=False)))
        if not x.requires_grad:
            self.roots.append(torch.autograd.graph.get_gradient_edge(output))
        x, version = x.detach(), x._version
        rules = rules_of(layer)

        def measure(gradient: Tensor) -> None:
            if x._version != version:
                raise RuntimeError(f'the input of a {type(layer).__name__} was changed in place '
                                   'after it had been used')
            read = full_precision(x) if x.is_floating_point() else x
            for name, rule in rules.items():
                self.squares[id(getattr(layer, name))] = rule(
                    layer, read, full_precision(gradient), self.num_samples)

        output.register_hook(measure)
        return output

    def check(self, loss: Tensor, model: nn.Module) -> None:
        """Check that the layers tapped are all that the loss knows of the parameters.

        Args:
            loss: Scalar, attached to the graph.
            model: The model.

        Raises:
            RuntimeError: If a parameter is used outside its layer or more than once.
        """
        uses = uses_of_leaves(loss)
        for name, parameter in model.named_parameters():
            if uses[id(parameter)] > 1 or self._tapped[id(parameter)] > 1:
                raise RuntimeError(f'the parameter {name} is used more than once')
            if uses[id(parameter)] and not self._tapped[id(parameter)]:
                raise RuntimeError(f'the parameter {name} belongs to no layer that is known')


def layerwise_gradient_magnitude(model: nn.Module,
                                 losses: Callable[[], Tensor],
                                 num_samples: int,
                                 norm: str = 'total') -> Tensor:
    """Compute the exact gradient norm of each sample in one backward pass of the whole batch.

    The gradient of the mean is never formed. From the input of a layer and the gradient of its
    output follows what each sample adds to the gradients of its parameters. Known are the layers
    of ``projects.bss.functional.layer_gradients.LAYERS``.

    Args:
        model: Model of which samples go through one by one, in whatever order: BatchNorm in eval
            mode, and the samples in the first dimension of what each layer reads. Several rows of
            a sample, such as frames folded into it, must lie side by side.
        losses: Runs the model and gives the loss of each sample, shape (N,).
        num_samples: Number N of samples.
        norm: See :func:`gradient_magnitude`.

    Returns:
        Gradient norms by the parameters of ``model`` that are trained, shape (N,), not attached
        to the graph. ``.grad`` is not touched.

    Raises:
        ValueError: For another ``norm``.
        RuntimeError: If a parameter that the losses depend on belongs to no known layer, or is
            used more than once.

    Reference:
        Goodfellow, "Efficient Per-Example Gradient Computations", 2015 (linear layers).
    """
    order = norm_order(norm)
    taps = LayerTaps(num_samples)
    with _tapping(model, taps), torch.enable_grad():
        loss = losses().sum()
    if loss.requires_grad:
        taps.check(loss, model)
        # The engine goes no further than the first layers, so no gradient of a batch is formed.
        torch.autograd.grad(loss, taps.roots, allow_unused=True)
    squares = [torch.zeros(num_samples, device=loss.device), *taps.squares.values()]
    return torch.stack(squares).sqrt().norm(p=order, dim=0)


def uses_of_leaves(loss: Tensor) -> Counter[int]:
    """Count how often a computation reads its leaves.

    Args:
        loss: Scalar, attached to the graph.

    Returns:
        Number of uses by the identity of the leaf.
    """
    uses: Counter[int] = Counter()
    waiting: list[Any] = [loss.grad_fn]
    seen = set(waiting)
    while waiting:
        for node, _ in waiting.pop().next_functions:
            if hasattr(node, 'variable'):
                uses[id(node.variable)] += 1
            elif node is not None and node not in seen:
                seen.add(node)
                waiting.append(node)
    return uses


@contextmanager
def _tapping(model: nn.Module, taps: LayerTaps) -> Iterator[None]:
    handles = [layer.register_forward_hook(taps.tap) for layer in model.modules()
               if rules_of(layer)]
    # A cached copy in half precision would hide that a weight is used twice.
    cached = torch.is_autocast_cache_enabled()
    torch.set_autocast_cache_enabled(False)
    try:
        yield
    finally:
        torch.set_autocast_cache_enabled(cached)
        for handle in handles:
            handle.remove()
