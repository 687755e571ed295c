"""One table for the run: last criteria, smoothed score and age of every training sample."""
from __future__ import annotations

from typing import Mapping

import torch
from torch import Tensor


class ScoreTable:
    """Scores keyed by dataset position, never by an id that a wrapper may repeat.

    Args:
        size: Number n of training samples.

    Attributes:
        correlation: Last value of the correlation criterion, shape (n,), NaN before the first
            and where fewer than two modalities are there.
        information: Last value of the information criterion, shape (n,), NaN before the first.
        score: Smoothed balance score, shape (n,), NaN before the first scoring.
        age: Epochs since the sample was last measured, shape (n,), int32; -1 if never.
    """

    def __init__(self, size: int) -> None:
        self.correlation = torch.full((size, ), torch.nan)
        self.information = torch.full((size, ), torch.nan)
        self.score = torch.full((size, ), torch.nan)
        self.age = torch.full((size, ), -1, dtype=torch.int32)

    def __len__(self) -> int:
        return len(self.score)

    @property
    def scored(self) -> bool:
        """Whether there are balance scores to plan with."""
        return not bool(self.score.isnan().any())

    @property
    def unmeasured(self) -> Tensor:
        """Positions that were never measured, shape (k,), int64."""
        return torch.nonzero(self.age < 0).flatten()

    def write(self, positions: Tensor, criteria: Tensor) -> None:
        """Store newly measured criteria.

        Args:
            positions: Dataset positions, shape (k,), int64.
            criteria: Rows correlation and information, shape (2, k).
        """
        self.correlation[positions] = criteria[0].float()
        self.information[positions] = criteria[1].float()
        self.age[positions] = 0

    def grow_older(self) -> None:
        """Add one epoch to the age of every measured sample."""
        self.age[self.age >= 0] += 1

    def state_dict(self) -> dict[str, Tensor]:
        """Return the four columns as tensors."""
        return {name: column.clone() for name, column in vars(self).items()}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over the columns of another table of the same size.

        Args:
            state: What :meth:`state_dict` returned.
        """
        for name, column in vars(self).items():
            column.copy_(state[name])
