"""Losses of training for the log, read from the device only when they are logged."""
from __future__ import annotations

from math import gcd
from typing import Any, Mapping

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.registry import HOOKS
from torch import Tensor


@HOOKS.register_module()
class BufferedInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook`` without a wait for the device in every iteration.

    It takes the place of that hook, ``default_hooks.runtime_info``. Losses stay on the device
    until the logger writes a line; what is logged is the same.
    """

    def __init__(self) -> None:
        self._buffer: list[tuple[str, Any]] = []
        self._interval = 1

    def before_train(self, runner: Any) -> None:
        """Find out when the logger reads."""
        super().before_train(runner)
        self._interval = gcd(*(hook.interval for hook in runner.hooks
                               if isinstance(hook, LoggerHook))) or 1

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Mapping[str, Any] | None = None) -> None:
        """Keep the losses, and hand them over if the logger may read."""
        for name, value in (outputs or {}).items():
            self.keep(name, value)
        if (self.every_n_inner_iters(batch_idx, self._interval)
                or self.end_of_epoch(runner.train_dataloader, batch_idx)):
            self._flush(runner)

    def keep(self, name: str, value: Any) -> None:
        """Keep a scalar until the logger reads.

        Args:
            name: Name in the log, without ``train/``.
            value: A number, or a tensor of one element.
        """
        # A loss that is still attached would keep the graph of its iteration alive.
        self._buffer.append((name, value.detach() if isinstance(value, Tensor) else value))

    def after_train_epoch(self, runner: Any) -> None:
        """Hand over what is left."""
        self._flush(runner)

    def before_save_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Hand over what is left, so that a checkpoint inside an epoch has all."""
        if self._buffer:
            self._flush(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def _flush(self, runner: Any) -> None:
        tensors = [value.float().reshape(()) for _, value in self._buffer
                   if isinstance(value, Tensor)]
        read = iter(torch.stack(tensors).tolist() if tensors else [])
        for name, value in self._buffer:
            runner.message_hub.update_scalar(
                f'train/{name}', next(read) if isinstance(value, Tensor) else value)
        self._buffer.clear()


def log_scalar(runner: Any, name: str, value: Any) -> None:
    """Log a scalar of training, without a wait for the device if the run buffers its log.

    Args:
        runner: The runner.
        name: Name in the log, without ``train/``.
        value: A number, or a tensor of one element.
    """
    for hook in runner.hooks:
        if isinstance(hook, BufferedInfoHook):
            return hook.keep(name, value)
    runner.message_hub.update_scalar(f'train/{name}', value)
