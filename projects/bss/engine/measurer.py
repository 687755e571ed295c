"""The measurer: which criteria make up the balance score (section 3.2 of the paper)."""
from __future__ import annotations

from typing import Any

import torch
from mmengine.registry import TASK_UTILS
from torch import Tensor

from projects.bss.functional import balance_score

from .building import build_part
from .criteria import Criterion, ModelOutputs
from .score_table import ScoreTable


@TASK_UTILS.register_module()
class BalanceMeasurer:
    """Measure a correlation and an information criterion and combine them.

    Args:
        correlation: ``'PredictionSimilarity'``, ``'FeatureSimilarity'`` or a dict with further
            arguments; None leaves agreement out.
        information: ``'TrainingLoss'``, ``'GradientMagnitude'``, ``'HeadGradientMagnitude'`` or a
            dict with further arguments; None leaves difficulty out.

    Raises:
        KeyError: For an unknown criterion.
        ValueError: If both are None.

    Reference:
        BSS, Eqs. 4-6; other pairings: appendix table 2.
    """

    def __init__(self,
                 correlation: Any = 'PredictionSimilarity',
                 information: Any = 'TrainingLoss') -> None:
        if correlation is None and information is None:
            raise ValueError('A BalanceMeasurer needs a `correlation` or an `information` '
                             'criterion, but both are None.')
        self.correlation = _criterion(correlation)
        self.information = _criterion(information)

    @property
    def needs_replay(self) -> bool:
        """Whether a criterion runs the batch again, as one that differentiates the loss does."""
        return any(c is not None and c.needs_replay for c in (self.correlation, self.information))

    @property
    def needs_features(self) -> bool:
        """Whether a criterion looks at encoder features."""
        return any(c is not None and c.needs_features
                   for c in (self.correlation, self.information))

    def measure(self, outputs: ModelOutputs) -> Tensor:
        """Compute both criteria of a batch.

        Args:
            outputs: Outputs of a batch of N samples.

        Returns:
            Rows correlation and information, shape (2, N), float32; NaN for a criterion that is
            left out.
        """
        missing = torch.full(outputs.labels.shape, torch.nan, device=outputs.labels.device)
        values = [missing if criterion is None else criterion(outputs).detach().float()
                  for criterion in (self.correlation, self.information)]
        return torch.stack(values)

    def score(self, table: ScoreTable) -> Tensor:
        """Combine the criteria of the whole training set (Eq 6).

        Args:
            table: Last values of the criteria of n samples.

        Returns:
            Balance scores, shape (n,), in [-1, 1].
        """
        return balance_score(table.correlation if self.correlation else None,
                             table.information if self.information else None)


def _criterion(config: Any) -> Criterion | None:
    return None if config is None else build_part(config, Criterion, 'criterion')
