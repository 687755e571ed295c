"""A batch that can go through the model again, some samples at a time."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Iterator, Mapping

import torch
from mmengine.utils import apply_to
from torch import Tensor, nn
from torch.func import functional_call

from .probe import LogitsProbe


@dataclass
class Replay:
    """The forward pass of a batch, with the parameters as arguments.

    Args:
        model: The model without a parallel wrapper.
        probe: Probe on the model, listening.
        data: What the data preprocessor returned: ``data_samples`` of N samples, and tensors (or
            dicts of tensors) with N rows.
    """

    model: nn.Module
    probe: LogitsProbe
    data: Mapping[str, Any]

    def parameters(self) -> dict[str, Tensor]:
        """Return the parameters that are trained, by name."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    def tensors(self, rows: Tensor) -> dict[str, Any]:
        """Cut samples out of the batch.

        Args:
            rows: Rows of the samples, int64, of any shape S.

        Returns:
            The tensors of the batch, where S takes the place of the dimension of samples.

        Raises:
            TypeError: If an input has not been stacked.
        """
        total = len(self.data['data_samples'])

        def cut(part: Any) -> Any:
            if not isinstance(part, Tensor) or len(part) != total:
                raise TypeError(
                    'GradientMagnitude needs inputs that are tensors with one row for each of '
                    f'the {total} samples of a batch, but got a {type(part).__name__}: let the '
                    'data preprocessor stack them, or use HeadGradientMagnitude.')
            return part[rows]

        inputs = {name: part for name, part in self.data.items() if name != 'data_samples'}
        return apply_to(inputs, lambda _: True, cut)

    def groups(self) -> Iterator[Tensor]:
        """Give the rows of samples that lack the same modalities, group after group.

        Each group can go through the model in one vectorised call, because the model takes what
        is absent from the data sample.
        """
        rows = defaultdict(list)
        for row, sample in enumerate(self.data['data_samples']):
            rows[tuple(sample.get('absent', ()))].append(row)
        yield from map(torch.tensor, rows.values())

    def logits(self, parameters: Mapping[str, Tensor], tensors: Mapping[str, Any],
               rows: Tensor) -> dict[str, Tensor]:
        """Run the model on some samples.

        Args:
            parameters: Parameters by name; those not named are the model's own.
            tensors: What :meth:`tensors` cuts out for the samples, k of them.
            rows: Rows of the samples, shape (k,), or of others that lack the same modalities.

        Returns:
            Logits by stream, each of shape (k, C).
        """
        samples = [self.data['data_samples'][row] for row in rows.tolist()]
        functional_call(self.model, dict(parameters), kwargs=dict(
            tensors, data_samples=samples, mode='loss'))
        return self.probe.take(len(samples))[0]
