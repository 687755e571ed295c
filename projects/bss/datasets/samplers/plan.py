"""What a scheduler asks of the sampler for one epoch."""
from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Plan:
    """Which samples an epoch may use, how they are weighted, and how many are drawn.

    Args:
        candidates: Dataset positions in use, shape (m,), int64; None stands for all. A sample
            that is in it several times is drawn as often.
        weights: Sampling weight of each candidate, shape (m,), finite and >= 0, not all zero; the
            epoch is then a weighted permutation without replacement. None gives a uniform one.
        length: Number of samples of the epoch; None stands for one pass over the candidates. A
            longer epoch goes through the candidates again, in a fresh order each time.

    Raises:
        ValueError: For an empty or wrongly typed candidate list, weights that do not fit it, or
            ``length`` below 1.
    """

    candidates: Tensor | None = None
    weights: Tensor | None = None
    length: int | None = None

    def __post_init__(self) -> None:
        self._check_candidates()
        self._check_weights()
        if self.length is not None and self.length < 1:
            raise ValueError(f'`length` must be at least 1, but got {self.length}.')

    def _check_candidates(self) -> None:
        chosen = self.candidates
        if chosen is not None and (chosen.dtype != torch.int64 or chosen.dim() != 1
                                   or not len(chosen)):
            raise ValueError('`candidates` must be a non-empty int64 vector of dataset positions, '
                             f'but got {chosen.dtype} of shape {tuple(chosen.shape)}.')

    def _check_weights(self) -> None:
        weights = self.weights
        if weights is None:
            return
        # One pass without masks; NaN fails every comparison.
        low, high = map(float, weights.aminmax()) if weights.numel() else (math.nan, math.nan)
        if weights.dim() != 1 or not (low >= 0 and 0 < high < math.inf):
            raise ValueError('`weights` must be a vector of finite numbers >= 0 that are not all '
                             f'zero, but got shape {tuple(weights.shape)}, smallest {low}.')
        if self.candidates is not None and len(self.candidates) != len(weights):
            raise ValueError(f'`weights` must have one entry per candidate, but got {len(weights)} '
                             f'weights for {len(self.candidates)} candidates.')

    def num_candidates(self, dataset_size: int) -> int:
        """Count the candidates.

        Args:
            dataset_size: Number of samples of the data set.

        Returns:
            Number m of candidates, repeated ones included, >= 1.
        """
        if self.candidates is not None:
            return len(self.candidates)
        return dataset_size

    def num_samples(self, dataset_size: int) -> int:
        """Count the draws of one epoch, over all ranks and before padding.

        Args:
            dataset_size: Number of samples of the data set.

        Returns:
            ``length`` if it is set, the number of candidates otherwise.
        """
        return self.length or self.num_candidates(dataset_size)

    def check_fits(self, dataset_size: int) -> None:
        """Refuse a plan that was made for another data set.

        Args:
            dataset_size: Number of samples of the data set.

        Raises:
            ValueError: For a candidate outside the data set or a wrong number of weights.
        """
        if self.candidates is not None:
            low, high = int(self.candidates.min()), int(self.candidates.max())
            if low < 0 or high >= dataset_size:
                raise ValueError(f'`candidates` must lie in [0, {dataset_size - 1}], the positions '
                                 f'of the data set, but they span [{low}, {high}].')
        elif self.weights is not None and len(self.weights) != dataset_size:
            raise ValueError(f'`weights` must have one entry per sample, but got '
                             f'{len(self.weights)} for a data set of {dataset_size}.')
