"""The criterion that differentiates: exact gradient norms of single samples."""
from __future__ import annotations

import logging
from typing import Any, Mapping

import torch
from mmengine.logging import print_log
from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.functional import gradient_magnitude, multimodal_loss, sample_gradient_magnitude

from .criteria import LossCriterion, ModelOutputs
from .replay import Replay

# Numbers, 4 bytes each. Larger pieces fill an accelerator, but only leave the caches of a CPU.
_GRADIENTS_AT_ONCE, _GRADIENTS_AT_ONCE_ON_CPU = 2**28, 2**24


@TASK_UTILS.register_module()
class GradientMagnitude(LossCriterion):
    """Exact norm of the sample's gradient by all trainable parameters.

    Many samples go through ``torch.func`` in one vectorised pass. If the model has an operation
    that cannot be vectorised, the log says which, and each sample has a forward and a backward
    pass of its own from there on. Either way a sample is a batch of one: nothing in the model may
    let samples influence each other, as BatchNorm does in train mode.

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
        norm: ``'total'`` or ``'sum'``, see :func:`projects.bss.functional.gradient_magnitude`.
        chunk_size: Samples in one vectorised pass, >= 1. None takes as many as have 1 GiB of
            gradients, on a CPU 64 MiB.

    Raises:
        ValueError: If ``chunk_size`` is less than 1.
    """

    needs_replay = True

    def __init__(self,
                 alpha: float = 0.2,
                 weights: Mapping[str, float] | None = None,
                 norm: str = 'total',
                 chunk_size: int | None = None) -> None:
        super().__init__(alpha, weights)
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f'`chunk_size` must be at least 1 sample, or None to choose by the '
                             f'size of the model, but got {chunk_size}.')
        self.norm = norm
        self.chunk_size = chunk_size
        self._measure_rows = self._vectorised

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        replay = outputs.replay
        if replay is None:
            raise ValueError('GradientMagnitude needs `replay` of its ModelOutputs to run the '
                             'batch again, but it is None: use HeadGradientMagnitude, or '
                             "source='pass'.")
        values = torch.empty(len(outputs.labels), device=outputs.labels.device)
        for rows in replay.groups():
            values[rows] = self._measure_rows(outputs, replay, rows)
        return values

    def _vectorised(self, outputs: ModelOutputs, replay: Replay, rows: Tensor) -> Tensor:
        parameters = replay.parameters()

        def loss(parameters: Mapping[str, Tensor], tensors: Any, label: Tensor) -> Tensor:
            return self._loss(outputs, replay, parameters, tensors, label, rows[:1]).sum()

        ones = rows[:, None]  # each sample is a batch of one
        try:
            return sample_gradient_magnitude(
                loss, parameters, replay.tensors(ones), outputs.labels[ones], norm=self.norm,
                chunk_size=self.chunk_size or _fitting(parameters, outputs.labels.device.type))
        except RuntimeError as error:
            print_log('GradientMagnitude goes on sample by sample, because the model cannot be '
                      f'vectorised: {error}', logger='current', level=logging.WARNING)
        self._measure_rows = self._one_by_one
        return self._one_by_one(outputs, replay, rows)

    def _one_by_one(self, outputs: ModelOutputs, replay: Replay, rows: Tensor) -> Tensor:
        parameters = replay.parameters()
        magnitudes = []
        for row in rows.split(1):
            with torch.enable_grad():
                loss = self._loss(outputs, replay, parameters, replay.tensors(row),
                                  outputs.labels[row], row)
            magnitudes.append(gradient_magnitude(loss, parameters.values(), self.norm))
        return torch.cat(magnitudes)

    def _loss(self, outputs: ModelOutputs, replay: Replay, parameters: Mapping[str, Tensor],
              tensors: Any, label: Tensor, row: Tensor) -> Tensor:
        logits = replay.logits(parameters, tensors, int(row))
        present = outputs.present and {name: there[row] for name, there in outputs.present.items()}
        return multimodal_loss(logits, label, self.alpha, self.weights, present)


def _fitting(parameters: Mapping[str, Tensor], device: str) -> int:
    size = sum(parameter.numel() for parameter in parameters.values())
    room = _GRADIENTS_AT_ONCE_ON_CPU if device == 'cpu' else _GRADIENTS_AT_ONCE
    return max(1, room // max(1, size))
