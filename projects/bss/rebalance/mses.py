"""MSES: every modality stops by itself once it begins to overfit.

Reference:
    Fujimori, Endo, Kanada, Miyao: Modality-specific Learning Rate Control for Multimodal
    Classification (modality-specific early stop), ACPR 2019.
"""
from __future__ import annotations

from typing import Any, Callable, Sequence

from mmengine.registry import HOOKS
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from projects.bss.functional import closest_name
from projects.bss.models.base import BatchOutputs

from .loss_hook import LossHook
from .ownership import only_optimizer, own_modules, own_parameters, require_unimodal_losses
from .validation_hook import ValidationHook


def moving_average(losses: Sequence[float], keep: float = 0.6) -> list[float]:
    """Smooth by an exponential moving average.

    Args:
        losses: Validation losses, one per validation.
        keep: Share of the previous smoothed value, in [0, 1).

    Returns:
        Smoothed losses, as many; the first is unchanged.
    """
    smoothed = list(losses[:1])
    for loss in losses[1:]:
        smoothed.append(keep * smoothed[-1] + (1 - keep) * loss)
    return smoothed


def pair_average(losses: Sequence[float], keep: float = 0.6) -> list[float]:
    """Smooth by averaging each value with the raw one before, as published code does.

    Args:
        losses: Validation losses, one per validation.
        keep: Share of the previous raw value, in [0, 1).

    Returns:
        Smoothed losses, as many; the first is unchanged.
    """
    return [*losses[:1],
            *(keep * old + (1 - keep) * new for old, new in zip(losses, losses[1:]))]


SMOOTHINGS: dict[str, Callable[[Sequence[float], float], list[float]]] = dict(
    ema=moving_average, raw_previous=pair_average)


def early_stop(losses: Sequence[float], patience: int) -> tuple[int, int | None]:
    """Find the best validation and the one at which patience ends.

    Args:
        losses: Smoothed validation losses, at least one.
        patience: Validations without a new minimum to wait for, >= 0.

    Returns:
        Number of the best validation, counted from 1, and of the one that is more than
        ``patience`` later without being better; None if there is none yet.
    """
    best = 1
    for number, loss in enumerate(losses, 1):
        if loss < losses[best - 1]:
            best = number
        elif number - best > patience:
            return best, number
    return best, None


def save_modality(modules: dict[str, nn.Module], parameters: Sequence[nn.Parameter],
                  optimizer: Optimizer) -> dict[str, Any]:
    """Copy the state of a modality to main memory.

    Args:
        modules: Its modules by path.
        parameters: Its parameters.
        optimizer: The optimiser, whose state of these parameters belongs to it.

    Returns:
        Copies: state dict by path, and state of the optimiser by parameter.
    """
    return dict(
        modules={path: _copies(module.state_dict()) for path, module in modules.items()},
        optimizer=[_copies(optimizer.state[p] if p in optimizer.state else {})
                   for p in parameters])


def restore_modality(saved: dict[str, Any], modules: dict[str, nn.Module],
                     parameters: Sequence[nn.Parameter], optimizer: Optimizer) -> None:
    """Put the state of a modality back, in place.

    Args:
        saved: What :func:`save_modality` returned.
        modules: Its modules by path.
        parameters: Its parameters.
        optimizer: The optimiser.
    """
    for path, module in modules.items():
        module.load_state_dict(saved['modules'][path])
    for parameter, state in zip(parameters, saved['optimizer']):
        for key, value in state.items():
            current = optimizer.state[parameter].get(key)
            if isinstance(current, Tensor):
                current.copy_(value)
            else:
                optimizer.state[parameter][key] = value


def _copies(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value.detach().to('cpu', copy=True) if isinstance(value, Tensor) else value
            for key, value in state.items()}


@HOOKS.register_module()
class MSESHook(ValidationHook, LossHook):
    """Stop each modality when its own validation loss has not improved for long enough.

    A modality that stops goes back to its best state, optimiser included. From then on its
    encoder and its classifier are left out of the optimiser's step, so that no momentum and no
    weight decay moves them; they run in evaluation mode, and the loss term of the modality
    counts 0. Training ends when all modalities have stopped.

    Args:
        patience: Validations without improvement to wait for; more than the run has is plain
            multi-task training.
        smoothing: ``'ema'``, or ``'raw_previous'`` for the average of two raw values that
            published code takes.
        keep: Share of the previous value in the smoothing, in [0, 1).

    Raises:
        TypeError: If several optimisers train the model.
        ValueError: For a wrong argument, or a head that does not train each modality by itself.
    """

    measure = 'nll'
    extra_work = 'none; a copy of each modality at its best is kept'

    def __init__(self, patience: int = 10, smoothing: str = 'ema', keep: float = 0.6) -> None:
        super().__init__()
        if patience < 0:
            raise ValueError(f'`patience` must be at least 0 validations, but got {patience}.')
        if not 0 <= keep < 1:
            raise ValueError(f'`keep` must lie in [0, 1), but got {keep}: it is the share of the '
                             'previous value, and the new one needs some.')
        if smoothing not in SMOOTHINGS:
            raise ValueError(closest_name('smoothing', smoothing, SMOOTHINGS))
        self.patience, self.keep = patience, keep
        self.smooth = SMOOTHINGS[smoothing]
        self.stopped: list[str] = []
        self._best: dict[str, dict[str, Any]] = {}

    def before_train(self, runner: Any) -> None:
        """Check the set-up and take over the state of the checkpoint."""
        super().before_train(runner)
        self._end_if_over(runner)

    def listen(self, runner: Any) -> tuple[RemovableHandle, ...]:
        """Listen to losses and to the optimiser."""
        name = type(self).__name__
        require_unimodal_losses(self.model, name)
        self._parameters = own_parameters(self.model, name)
        self._modules = {m: own_modules(self.model, m) for m in self.model.modalities}
        return (*super().listen(runner),
                only_optimizer(runner, name).register_step_pre_hook(self._exclude))

    def modify(self, losses: dict[str, Tensor], outputs: BatchOutputs) -> dict[str, Tensor]:
        """Let the losses of stopped modalities count 0; the graph stays whole for DDP."""
        return {**losses, **{f'loss_{name}': 0 * losses[f'loss_{name}'] for name in self.stopped}}

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        """Keep the modules of stopped modalities as they are, running statistics included."""
        super().before_train_iter(runner, batch_idx, data_batch)
        for name in self.stopped:
            for module in self._modules[name].values():
                module.eval()

    def react(self, runner: Any) -> None:
        """Keep the best state of each modality, or stop it."""
        for name in self.model.modalities:
            if name not in self.stopped:
                self._judge(runner, name)
        self._end_if_over(runner)

    def _judge(self, runner: Any, name: str) -> None:
        losses = self.smooth(self.history[name], self.keep)
        best, stop = early_stop(losses, self.patience)
        owned = self._modules[name], self._parameters[name], runner.optim_wrapper.optimizer
        if stop is not None:
            restore_modality(self._best.pop(name), *owned)
            self.stopped.append(name)
            runner.logger.info(f"MSES stops '{name}' after validation {stop} and takes it back to "
                               f'that of validation {best}, smoothed loss {losses[best - 1]:.4g}.')
        elif best == len(losses):
            self._best[name] = save_modality(*owned)

    def _end_if_over(self, runner: Any) -> None:
        if set(self.stopped) == set(self.model.modalities):
            runner.train_loop.stop_training = True

    def _exclude(self, *_: Any) -> None:
        for name in self.stopped:
            for parameter in self._parameters[name]:
                parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Collect losses, best states and what has stopped."""
        return dict(super().state_dict(), stopped=list(self.stopped), best=dict(self._best))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over losses, best states and what has stopped."""
        super().load_state_dict(state)
        self.stopped, self._best = list(state['stopped']), dict(state['best'])
