"""Modalities that are there and shall not be seen."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DropModality(BaseTransform):
    """Treat modalities as absent: dropout in training, or a test without them.

    Standing first in the pipeline of a ``MultiModalDataset``, it spares their loading; the data
    set packs zeros in their place, whatever its ``on_error``. A modality that is absent anyway is
    not drawn, and one modality always stays: where all would go, one of them, by chance.

    Random numbers come from numpy's global generator, which mmengine seeds in every worker.

    Args:
        modalities: Names of the streams that may go.
        probability: Probability of each to go, in [0, 1], independently of the others.

    Raises:
        ValueError: If no modality is named or ``probability`` is none.
    """

    def __init__(self, modalities: Sequence[str], probability: float = 1.0) -> None:
        if not modalities or isinstance(modalities, str):
            raise ValueError(f'modalities must be a list of names, at least one, got '
                             f'{modalities!r}; name the streams that may go.')
        if not 0 <= probability <= 1:
            raise ValueError(f'probability must lie in [0, 1], got {probability}; 1 drops the '
                             'modalities always.')
        self.modalities, self.probability = tuple(modalities), probability

    def transform(self, results: dict) -> dict:
        """Drop streams of one sample.

        Args:
            results: Holds ``modalities``.

        Returns:
            ``results`` with fewer ``modalities``.
        """
        there = results['modalities']
        gone = [name for name in self.modalities
                if name in there and np.random.random() < self.probability]
        if len(gone) == len(there):
            gone.pop(np.random.randint(len(gone)))
        results['modalities'] = {name: stream for name, stream in there.items()
                                 if name not in gone}
        return results
