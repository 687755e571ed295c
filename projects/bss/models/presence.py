"""Modalities that some samples of a batch lack."""
from __future__ import annotations

from typing import Iterable, Mapping, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from projects.bss.functional.transfer import send

Present = Mapping[str, Tensor]  # by modality, bool (N,); True where the sample has it


def find_present(data_samples: Sequence[BaseDataElement] | None, modalities: Iterable[str],
                 device: torch.device) -> dict[str, Tensor] | None:
    """Read which modalities the samples of a batch have.

    Args:
        data_samples: Data samples, N of them, whose metainfo ``absent`` names the modalities that
            they lack; without it they have all. None stands for samples that have all.
        modalities: Names of the modalities.
        device: Device of the result.

    Returns:
        Whether each sample has a modality, bool, shape (N,), by modality; None if all samples
        have all modalities.
    """
    absent = [sample.get('absent', ()) for sample in data_samples or ()]
    if not any(absent):
        return None
    return {
        name: send(torch.tensor([name not in names for names in absent]), device)
        for name in modalities
    }


def zero_absent(tensors: Mapping[str, Tensor], present: Present | None) -> dict[str, Tensor]:
    """Put zeros where a modality is absent, whatever was there, NaN included.

    Args:
        tensors: Tensors by stream, each of shape (N, ...).
        present: Whether each sample has a modality, bool, shape (N,); a stream that is not named
            is always there. None for samples that have all.

    Returns:
        The tensors by stream. No gradient passes where there are zeros.
    """
    if present is None:
        return dict(tensors)
    return {name: _zero_rows(x, present[name]) if name in present else x
            for name, x in tensors.items()}


def _zero_rows(x: Tensor, there: Tensor) -> Tensor:
    return x.masked_fill(~there.reshape(-1, *[1] * (x.dim() - 1)), 0)


def mean_of_present(values: Tensor, there: Tensor | None) -> Tensor:
    """Average over the samples that are there.

    Args:
        values: One value per sample, shape (N,).
        there: Which samples count, bool, shape (N,); None for all.

    Returns:
        Mean, a scalar; 0 if no sample counts.
    """
    if there is None:
        return values.mean()
    return values.masked_fill(~there, 0).sum() / there.sum().clamp(min=1)
