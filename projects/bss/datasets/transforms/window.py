"""Choice of the frames of a clip."""
from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleWindow(BaseTransform):
    """Choose one temporal window for all modalities of a clip.

    Streams are taken to cover the same stretch of time: the window is drawn on the first stream
    that has frames, and a stream with another number of frames is read at the corresponding
    times. A clip shorter than the window is continued with its last frame.

    Random numbers come from numpy's global generator, which mmengine seeds in every worker.

    Adds ``frames``: stream name -> ascending frame numbers, (T,).

    Args:
        length: Number of consecutive frames; None takes all.
        random: Whether the window lies anywhere in the clip or in its middle.
        align_flow: Whether flow follows the window. False is the behaviour of the authors' code,
            which gives the network all flow fields of the clip beside a window of its frames.

    Raises:
        ValueError: If ``length`` is not positive.
    """

    def __init__(self, length: int | None = 64, random: bool = False,
                 align_flow: bool = True) -> None:
        if length is not None and length < 1:
            raise ValueError(f'length must be at least 1 frame or None for all frames, got '
                             f'{length}; set a positive number.')
        self.length, self.random, self.align_flow = length, random, align_flow

    def transform(self, results: dict) -> dict:
        """Draw the window of one clip.

        Args:
            results: Holds ``modalities``, of which those with frames have ``start``, ``end`` and
                ``format``.

        Returns:
            ``results`` with ``frames``.
        """
        streams = {name: stream for name, stream in results['modalities'].items()
                   if 'start' in stream}
        if not streams:
            results['frames'] = {}
            return results
        totals = {name: stream['end'] - stream['start'] for name, stream in streams.items()}
        total = next(iter(totals.values()))
        window = self._draw(total)
        results['frames'] = {
            name: stream['start'] + (window * totals[name] // total if self._follows(stream)
                                     else np.arange(totals[name]))
            for name, stream in streams.items()}
        return results

    def _draw(self, total: int) -> np.ndarray:
        length = self.length or total
        spare = max(total - length, 0)
        start = np.random.randint(spare + 1) if self.random else spare // 2
        return np.minimum(start + np.arange(length), total - 1)

    def _follows(self, stream: dict) -> bool:
        return self.align_flow or stream['format'] != 'flow'
