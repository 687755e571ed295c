"""Gradient norms of single samples, the second information criterion."""
from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import grad, vmap

from .measure import FUSED, full_precision, keep_present, stream_weights

NORMS = dict(total=2, sum=1)


def norm_order(norm: str) -> int:
    """Give the order in which norms of parameter tensors are combined; ValueError if unknown."""
    if norm not in NORMS:
        raise ValueError(f"`norm` must be 'total' or 'sum', but got '{norm}'.")
    return NORMS[norm]


def _gradient_norm(gradients: Iterable[Tensor], order: int) -> Tensor:
    norms = [gradient.float().norm() for gradient in gradients]
    return torch.stack(norms).norm(p=order)


def gradient_magnitude(losses: Tensor, parameters: Iterable[Tensor],
                       norm: str = 'total') -> Tensor:
    """Compute the exact gradient norm of each sample by one backward pass per sample.

    Exact only where samples do not influence each other, i.e. with BatchNorm in eval mode. Each
    pass goes through the graph of all samples, so the cost grows with the square of N; where the
    loss can be computed anew, :func:`sample_gradient_magnitude` is cheaper.

    Args:
        losses: Loss of each sample, still attached to the graph, shape (N,).
        parameters: Parameters to differentiate by; those without ``requires_grad`` are ignored.
        norm: ``'total'`` is the Euclidean norm of the whole gradient, ``'sum'`` adds up the norms
            of the parameter tensors, as the authors' code does.

    Returns:
        Gradient norms, shape (N,), not attached to the graph. ``.grad`` is not touched.

    Raises:
        ValueError: For another ``norm``.

    Reference:
        BSS, appendix (criterion "gradient magnitude"); no formula is printed there.
    """
    order = norm_order(norm)
    wanted = [p for p in parameters if p.requires_grad]
    magnitudes = []
    with torch.enable_grad():  # an entry cut out without it would have no graph
        entries = losses.unbind()
    for loss in entries:
        grads = torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True)
        magnitudes.append(_gradient_norm([g for g in grads if g is not None], order))
    return torch.stack(magnitudes).detach()


def sample_gradient_magnitude(loss: Callable[..., Tensor],
                              parameters: Mapping[str, Tensor],
                              *samples: Any,
                              norm: str = 'total',
                              chunk_size: int | None = None) -> Tensor:
    """Compute the exact gradient norm of each sample, many samples in one vectorised pass.

    Args:
        loss: Function of the parameters and of one sample (the arguments ``samples`` without
            their first dimension) that gives a scalar. Only operations that ``torch.func.vmap``
            can vectorise may occur: no ``.item()``, no change of a tensor that it did not make.
        parameters: Tensors to differentiate by, by name.
        *samples: Tensors, or dicts, lists and tuples of tensors, with N rows each.
        norm: See :func:`gradient_magnitude`.
        chunk_size: Samples in one pass, >= 1; None takes all N. Each holds a gradient of its own,
            as large as the parameters.

    Returns:
        Gradient norms, shape (N,), not attached to a graph.

    Raises:
        ValueError: For another ``norm``.
        RuntimeError: If an operation of ``loss`` cannot be vectorised.
    """
    order = norm_order(norm)
    constants = {name: parameter.detach() for name, parameter in parameters.items()}

    def magnitude(sample: tuple) -> Tensor:
        gradients = grad(lambda values: loss(values, *sample))(constants)
        return _gradient_norm(gradients.values(), order)

    return vmap(magnitude, randomness='different', chunk_size=chunk_size)(samples)


def head_gradient_magnitude(logits: Mapping[str, Tensor],
                            features: Mapping[str, Tensor],
                            labels: Tensor,
                            alpha: float = 0.2,
                            weights: Mapping[str, float] | None = None,
                            present: Mapping[str, Tensor] | None = None) -> Tensor:
    """Compute the gradient norm of each sample with respect to linear heads, in closed form.

    The gradient of stream s by its weight matrix is ``w_s (softmax(o_s) - e_y) z_s^T`` and by its
    bias ``w_s (softmax(o_s) - e_y)``, so that no backward pass is needed.

    Args:
        logits: Logits by stream, each of shape (N, C), each from one linear layer with bias.
        features: Inputs of these layers, each of shape (N, D_s). Without the key ``'fused'`` the
            fused layer is taken to read the concatenation of all features.
        labels: Class indices, shape (N,).
        alpha: Share of the unimodal losses, in [0, 1].
        weights: Explicit weight by stream, which replaces ``alpha``.
        present: Where each modality is there, bool, shape (N,) each; a modality that is not named
            always is. An absent one has no loss, and zeros in the concatenation.

    Returns:
        Euclidean norm over all heads, shape (N,).
    """
    lengths = {name: keep_present(full_precision(z).square().sum(dim=1), name, present)
               for name, z in features.items()}
    concatenated = sum(length for name, length in lengths.items() if name != FUSED)
    squares: Tensor | float = 0.0
    for name, factor in stream_weights(logits, alpha, weights).items():
        residual = full_precision(logits[name]).softmax(dim=1)
        residual = residual - F.one_hot(labels, residual.shape[1])
        square = residual.square().sum(dim=1) * (lengths.get(name, concatenated) + 1)
        squares = squares + factor**2 * keep_present(square, name, present)
    return torch.as_tensor(squares).sqrt()
