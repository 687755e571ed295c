"""The step seam: classifiers that update their parameters by several backward passes."""
from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from typing import Any, ClassVar, Iterable, Iterator, Mapping, Sequence

import torch
import torch.nn as nn
from mmengine.dist import all_reduce_params, is_distributed
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor

from projects.bss.models import MultiModalClassifier

from .facts import RebalancingMethod
from .method_hook import check_modalities


def average_over_ranks(gradients: Iterable[Tensor | None]) -> None:
    """Replace gradients by their mean over all processes, in place.

    Args:
        gradients: Gradients of any shape; None, which is left out, must be None on all ranks.
    """
    all_reduce_params([grad for grad in gradients if grad is not None], op='mean')


class StepClassifier(RebalancingMethod, MultiModalClassifier):
    """Classifier whose training iteration is its own: several backward passes, chosen parameters.

    A method overrides :meth:`step`. Mixed precision works: gradients are those of the scaled loss
    until the optimiser steps, so that what is done to them must be homogeneous of degree one.
    Several processes need ``model_wrapper_cfg=dict(type='StepDataParallel')`` in the config.

    Args:
        **kwargs: Arguments of :class:`projects.bss.models.MultiModalClassifier`.

    Attributes:
        supported_modalities: Least and largest number of modalities that the method is defined
            for; None for any. Its hooks call this ``modalities``, which here are the names.

    Raises:
        ValueError: If the method is not defined for so many modalities.
    """

    supported_modalities: ClassVar[tuple[int, int | None]] = (2, None)
    seam = 'step'
    accumulation = 'refused'
    model_wrapper = 'StepDataParallel'

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_modalities(type(self).__name__, self.modalities, self.supported_modalities)
        self._in_step = False

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Train on one batch.

        Args:
            data: Collated batch.
            optim_wrapper: Wrapper of one optimiser, without gradient accumulation.

        Returns:
            Scalars for the log, ``'loss'`` among them.

        Raises:
            TypeError: For several optimisers.
            ValueError: For gradient accumulation.
        """
        _check_optimizer(type(self).__name__, optim_wrapper)
        with self._stepping():
            with optim_wrapper.optim_context(self):
                data = self.data_preprocessor(data, True)
            return self.step(data, optim_wrapper)

    @abstractmethod
    def step(self, data: dict[str, Any], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Compute losses and gradients of a batch and update the parameters.

        Args:
            data: Preprocessed batch, the arguments of :meth:`forward`.
            optim_wrapper: Wrapper of one optimiser, without gradient accumulation.

        Returns:
            Scalars for the log, ``'loss'`` among them.
        """

    def forward(self, inputs: Mapping[str, Tensor], data_samples: Sequence[Any] | None = None,
                mode: str = 'tensor') -> Any:
        """Run the model, see :meth:`projects.bss.models.StreamClassifier.forward`.

        Raises:
            RuntimeError: If a parallel wrapper trains this model without its own step.
        """
        # Scoring passes compute losses too, but without gradients.
        trains = mode == 'loss' and self.training and torch.is_grad_enabled()
        if trains and not self._in_step and is_distributed():
            name = type(self).__name__
            raise RuntimeError(
                f'{name} must be trained by its own `train_step`, but the parallel wrapper of the '
                "model by-passes it: set model_wrapper_cfg=dict(type='StepDataParallel') at the "
                'top level of the config, and leave `runner_type` and `strategy` out of it.')
        return super().forward(inputs, data_samples, mode)

    def compute_losses(self, data: Mapping[str, Any],
                       optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Compute the loss terms of a batch under the precision of the optimiser's wrapper.

        Args:
            data: Preprocessed batch.
            optim_wrapper: Wrapper of one optimiser.

        Returns:
            Named scalars, already weighted, after all loss hooks.
        """
        with optim_wrapper.optim_context(self):
            return self(**data, mode='loss')

    def gradients(self, loss: Tensor, parameters: Sequence[nn.Parameter],
                  optim_wrapper: OptimWrapper) -> list[Tensor | None]:
        """Differentiate a loss and keep its graph and the parameters' own ``.grad``.

        Args:
            loss: Scalar.
            parameters: Leaves of the graph.
            optim_wrapper: Wrapper of one optimiser, which scales the loss.

        Returns:
            Gradient by parameter, averaged over ranks; None where the loss does not depend on it.
        """
        kept = [parameter.grad for parameter in parameters]
        _set_gradients(parameters, [None] * len(kept))
        optim_wrapper.backward(loss, inputs=list(parameters), retain_graph=True)
        found = [parameter.grad for parameter in parameters]
        _set_gradients(parameters, kept)
        average_over_ranks(found)
        return found

    def backward(self, loss: Tensor, optim_wrapper: OptimWrapper) -> None:
        """Put the gradient of a loss, averaged over ranks, into every parameter's ``.grad``.

        Args:
            loss: Scalar, whose graph is freed.
            optim_wrapper: Wrapper of one optimiser, which scales the loss.
        """
        optim_wrapper.backward(loss)
        average_over_ranks(parameter.grad for parameter in self.parameters())

    def update(self, optim_wrapper: OptimWrapper) -> None:
        """Let the optimiser step by what is in ``.grad``, and clear it.

        Args:
            optim_wrapper: Wrapper of one optimiser.
        """
        optim_wrapper.step()
        optim_wrapper.zero_grad()

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        self._in_step = True
        try:
            yield
        finally:
            self._in_step = False


def _set_gradients(parameters: Sequence[nn.Parameter],
                   gradients: Sequence[Tensor | None]) -> None:
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient


def _check_optimizer(method: str, optim_wrapper: OptimWrapper) -> None:
    if isinstance(optim_wrapper, OptimWrapperDict):
        raise TypeError(f'{method} steps one optimiser, but got the optimisers '
                        f'{list(optim_wrapper.keys())}: set one `optim_wrapper.optimizer`.')
    counts = getattr(optim_wrapper, '_accumulative_counts', 1)
    if counts != 1:
        raise ValueError(f'{method} does not accumulate gradients, but '
                         f'`optim_wrapper.accumulative_counts` is {counts}: set it to 1 and the '
                         f'batch size to {counts} times its value.')


@MODEL_WRAPPERS.register_module()
class StepDataParallel(nn.Module):
    """Wrapper of a :class:`StepClassifier`, which averages its gradients over processes itself.

    Args:
        module: The model. mmengine's Runner gives all processes the same weights.

    Raises:
        TypeError: If the model does not average its gradients.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        if not isinstance(module, StepClassifier):
            raise TypeError('StepDataParallel only wraps classifiers that average their gradients '
                            f'themselves, but got a {type(module).__name__}: leave '
                            '`model_wrapper_cfg` out of the config.')
        self.module = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model."""
        return self.module(*args, **kwargs)

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        return self.module.train_step(data, optim_wrapper)

    def val_step(self, data: Any) -> list:
        return self.module.val_step(data)

    def test_step(self, data: Any) -> list:
        return self.module.test_step(data)
