"""Standardisation of arrays and vectors."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ArrayPreprocessor(nn.Module):
    """Stack arrays of equal shape and standardise them along their first axis.

    Serves one stream of mmaction2's ``MultiModalDataPreprocessor``.

    Args:
        mean: Mean of each entry of the first axis, (d,); None subtracts nothing.
        std: Standard deviation of each, (d,), > 0; None divides by nothing.

    Raises:
        ValueError: If ``mean`` and ``std`` differ in length or a deviation is not positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Sequence[float] | None = None,
                 std: Sequence[float] | None = None) -> None:
        super().__init__()
        mean, std = [] if mean is None else mean, [] if std is None else std
        if len(mean) and len(std) and len(mean) != len(std):
            raise ValueError(f'`mean` and `std` must have one value per entry, but have '
                             f'{len(mean)} and {len(std)}: compute both on the same columns.')
        if any(value <= 0 for value in std):
            raise ValueError(f'`std` must be positive, but got {min(std)}: leave out columns that '
                             'are constant, or set their deviation to 1.')
        self.register_buffer('mean', torch.tensor(mean, dtype=torch.float32), persistent=False)
        self.register_buffer('std', torch.tensor(std, dtype=torch.float32), persistent=False)

    def preprocess(self, inputs: Sequence[Tensor], data_samples: Any,
                   training: bool = False) -> tuple[Tensor, Any]:
        """Make one batch.

        Args:
            inputs: N arrays of one shape (d, ...).
            data_samples: Data samples of the batch, which pass unchanged.
            training: Whether the batch serves training; makes no difference.

        Returns:
            float32 (N, d, ...), and the data samples.

        Raises:
            ValueError: If the arrays differ in shape or do not have the length of ``mean``.
        """
        shapes = sorted({tuple(array.shape) for array in inputs})
        if len(shapes) > 1:
            raise ValueError(f'All arrays of a batch must have one shape, but got {shapes}: '
                             'bring the files to one shape, or cut them in the pipeline.')
        batch = torch.stack(list(inputs)).float()
        for statistic in (self.mean, self.std):
            if len(statistic) not in (0, batch.shape[1]):
                raise ValueError(f'`mean` and `std` must have {batch.shape[1]} values, one per '
                                 f'entry of the first axis, but have {len(statistic)}.')
        if len(self.mean):
            batch = batch - _along_first_axis(self.mean, batch)
        if len(self.std):
            batch = batch / _along_first_axis(self.std, batch)
        return batch, data_samples


def _along_first_axis(statistic: Tensor, batch: Tensor) -> Tensor:
    return statistic.view(1, -1, *[1] * (batch.dim() - 2))
