"""What loaders of a single stream have in common."""
from __future__ import annotations

from abc import abstractmethod

import numpy as np
from mmcv.transforms import BaseTransform


class StreamLoader(BaseTransform):
    """Loader of one stream, which leaves samples without that stream alone.

    So one pipeline serves the multi-modal and the unimodal configs of a data set.

    Args:
        modality: Name of the stream.
    """

    def __init__(self, modality: str) -> None:
        self.modality = modality

    def transform(self, results: dict) -> dict:
        """Load the stream of one sample.

        Args:
            results: Holds ``modalities``.

        Returns:
            ``results`` with the array in ``inputs``.
        """
        stream = results['modalities'].get(self.modality)
        if stream is not None:
            results.setdefault('inputs', {})[self.modality] = self.load(stream)
        return results

    @abstractmethod
    def load(self, stream: dict) -> np.ndarray:
        """Map the record of a stream to its array."""
