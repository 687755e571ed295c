"""The criterion that differentiates: exact gradient norms of single samples."""
from __future__ import annotations

import logging
from typing import Any, Mapping

import torch
from mmengine.logging import print_log
from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.functional import (gradient_magnitude, layerwise_gradient_magnitude,
                                     multimodal_loss, sample_gradient_magnitude)

from .criteria import LossCriterion, ModelOutputs
from .replay import Replay

# Numbers, 4 bytes each. Larger pieces fill an accelerator, but only leave the caches of a CPU.
_GRADIENTS_AT_ONCE, _GRADIENTS_AT_ONCE_ON_CPU = 2**28, 2**24
# Far above rounding, TF32 included, and far below what a sample that is mixed up would show.
_AGREEMENT = 0.01


@TASK_UTILS.register_module()
class GradientMagnitude(LossCriterion):
    """Exact norm of the sample's gradient by all trainable parameters.

    A batch goes through the model once, forward and backward, and every layer tells what each
    sample adds to its gradients (:func:`projects.bss.functional.layerwise_gradient_magnitude`).
    The first batch is checked against single samples. Where that way is not open (a parameter
    outside the layers it knows, a model in train mode), ``torch.func`` differentiates many samples
    in one vectorised pass, and where an operation cannot be vectorised, each sample has a forward
    and a backward pass of its own. The log says which and why. In the last two ways a sample is a
    batch of one: nothing in the model may let samples influence each other.

    Args:
        alpha: Share of the unimodal losses, in [0, 1]; use the head's.
        weights: Explicit weight by stream, which replaces ``alpha``.
        norm: ``'total'`` or ``'sum'``, see :func:`projects.bss.functional.gradient_magnitude`.
        chunk_size: Samples that go through the model at once, >= 1; fewer need less memory. None
            takes the batch, and in the vectorised way as many as have 1 GiB of gradients, on a
            CPU 64 MiB.

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
        self._measure = self._layer_by_layer
        self._measure_rows = self._vectorised
        self._checked = False

    def __call__(self, outputs: ModelOutputs) -> Tensor:
        replay = outputs.replay
        if replay is None:
            raise ValueError('GradientMagnitude needs `replay` of its ModelOutputs to run the '
                             'batch again, but it is None: use HeadGradientMagnitude, or '
                             "source='pass'.")
        measure = self._sample_by_sample if replay.model.training else self._measure
        return measure(outputs, replay)

    def _layer_by_layer(self, outputs: ModelOutputs, replay: Replay) -> Tensor:
        everything = torch.arange(len(outputs.labels))
        try:
            values = torch.cat([self._by_layers(outputs, replay, rows)
                                for rows in everything.split(self.chunk_size or len(everything))])
            self._check(values, outputs, replay)
            return values
        except RuntimeError as error:
            print_log('GradientMagnitude goes on with torch.func, because the model cannot be '
                      f'measured layer by layer: {error}.', logger='current')
        self._measure = self._sample_by_sample
        return self._sample_by_sample(outputs, replay)

    def _by_layers(self, outputs: ModelOutputs, replay: Replay, rows: Tensor) -> Tensor:

        def losses() -> Tensor:
            return self._loss(outputs, replay, {}, replay.tensors(rows), outputs.labels[rows],
                              rows)

        return layerwise_gradient_magnitude(replay.model, losses, len(rows), self.norm)

    def _check(self, values: Tensor, outputs: ModelOutputs, replay: Replay) -> None:
        if self._checked or len(values) == 1:
            return
        alone = self._one_by_one(outputs, replay, torch.arange(len(values)))
        differing = ~torch.isclose(values, alone, rtol=_AGREEMENT, equal_nan=True)
        if differing.any():
            raise RuntimeError(f'single samples have gradients of {alone[differing].tolist()}, '
                               f'but in the batch of {values[differing].tolist()}')
        self._checked = True

    def _sample_by_sample(self, outputs: ModelOutputs, replay: Replay) -> Tensor:
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
              tensors: Any, labels: Tensor, rows: Tensor) -> Tensor:
        logits = replay.logits(parameters, tensors, rows)
        present = outputs.present and {name: there[rows]
                                       for name, there in outputs.present.items()}
        return multimodal_loss(logits, labels, self.alpha, self.weights, present)


def _fitting(parameters: Mapping[str, Tensor], device: str) -> int:
    size = sum(parameter.numel() for parameter in parameters.values())
    room = _GRADIENTS_AT_ONCE_ON_CPU if device == 'cpu' else _GRADIENTS_AT_ONCE
    return max(1, room // max(1, size))
