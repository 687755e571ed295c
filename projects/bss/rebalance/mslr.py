"""MSLR: a learning rate for each modality, which follows its validation accuracy.

Reference:
    Yao, Mihalcea: Modality-specific Learning Rates for Effective Multimodal Additive Late-fusion,
    Findings of ACL 2022, dynamic strategy.
"""
from __future__ import annotations

from typing import Any, Mapping, Sequence

from mmengine.registry import HOOKS
from torch import nn
from torch.utils.hooks import RemovableHandle

from .ownership import only_optimizer, own_parameters
from .validation_hook import ValidationHook


def relative_accuracy(accuracies: Sequence[float], window: int = 5) -> float:
    """Compare the newest accuracy with the mean of those before it.

    Args:
        accuracies: Accuracies so far, in [0, 1], the newest last.
        window: Number of earlier accuracies to average, >= 1.

    Returns:
        Newest accuracy by the mean of the ``window`` before it; 1 while there are fewer, or if
        all of these are 0.
    """
    earlier = accuracies[-window - 1:-1]
    if len(earlier) < window or not any(earlier):
        return 1.0
    return accuracies[-1] * window / sum(earlier)


def split_by_rate(group: Mapping[str, Any],
                  rates: Mapping[nn.Parameter, float]) -> list[dict[str, Any]]:
    """Split a parameter group of an optimiser by learning rate.

    Args:
        group: The group, which is left as it is.
        rates: Factor of the learning rate by parameter; one that is not named has 1.

    Returns:
        Groups that share all other options of ``group``; their parameters are in its order.
    """
    parts: dict[float, list[nn.Parameter]] = {}
    for parameter in group['params']:
        parts.setdefault(rates.get(parameter, 1.0), []).append(parameter)
    return [{**group, 'params': parameters, 'lr': rate * group['lr']}
            for rate, parameters in parts.items()]


@HOOKS.register_module()
class MSLRHook(ValidationHook):
    """Multiply the learning rate of each modality by how its accuracy compares with the past.

    From the moment when ``window`` validations are known, encoder and classifier of modality m
    learn until the next validation at the scheduled rate times c_m times its accuracy over the
    mean of the ``window`` accuracies before. The factor is no part of the optimiser's own groups:
    these are split for the duration of a step, so that schedules and checkpoints do not see it.

    Args:
        window: Number of earlier validations to compare with, >= 1.
        factors: Constant c_m > 0 by modality; a modality that is not named has 1.

    Raises:
        TypeError: If several optimisers train the model.
        ValueError: For a wrong argument, or modalities that share parameters.
    """

    measure = 'acc'
    seam = 'learning rate'

    def __init__(self, window: int = 5, factors: Mapping[str, float] | None = None) -> None:
        super().__init__()
        if window < 1:
            raise ValueError(f'`window` must be at least 1 validation, but got {window}.')
        wrong = {name: factor for name, factor in (factors or {}).items() if not factor > 0}
        if wrong:
            raise ValueError(f'`factors` must be above 0, but got {wrong}.')
        self.window, self.factors = window, dict(factors or {})

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Listen to the optimiser."""
        unknown = sorted(set(self.factors) - set(self.model.modalities))
        if unknown:
            raise ValueError(f'`factors` must name modalities of the model, which are '
                             f'{self.model.modalities}, but got {unknown}: correct or remove '
                             'them.')
        name = type(self).__name__
        self._parameters = own_parameters(self.model, name)
        optimizer = only_optimizer(runner, name)
        return (optimizer.register_step_pre_hook(self._split),
                optimizer.register_step_post_hook(self._join))

    @property
    def rates(self) -> dict[str, float]:
        """Factor of the learning rate by modality, as of the newest validation."""
        full = {name: values for name, values in self.history.items() if len(values) > self.window}
        return {name: self.factors.get(name, 1.0) * relative_accuracy(values, self.window)
                for name, values in full.items()}

    def react(self, runner: Any) -> None:
        """Forget what is older than the window and report the factors."""
        self.history = {name: values[-self.window - 1:] for name, values in self.history.items()}
        facts = ', '.join(f'{name} {rate:.4g}' for name, rate in self.rates.items())
        if facts:
            runner.logger.info(f'MSLR multiplies learning rates from here on: {facts}.')

    def _split(self, optimizer: Any, *_: Any) -> None:
        rates = {parameter: rate for name, rate in self.rates.items()
                 for parameter in self._parameters[name]}
        self._groups = optimizer.param_groups
        optimizer.param_groups = [part for group in self._groups
                                  for part in split_by_rate(group, rates)]

    def _join(self, optimizer: Any, *_: Any) -> None:
        optimizer.param_groups = self._groups
