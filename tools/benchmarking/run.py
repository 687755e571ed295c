"""One run of a benchmark: a row with one seed, tested once."""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mmengine
import numpy as np

from tools.sweeping.runs import Run

MEASURED = Path(__file__).with_name('measured.py')
FIELD = 'method'
"""Name of the axis whose values are the rows."""
Hits = Mapping[str, np.ndarray]


@dataclass
class BenchmarkRun(Run):
    """A row with one seed. Keeps what it used, and which test samples each stream got right."""

    @property
    def hits_file(self) -> Path:
        """Keys of the test samples, and by stream whether each was classified rightly."""
        return self.folder / 'hits.npz'

    def command(self, step: str, *arguments: object) -> list[str]:
        """Return the command of a step, which also measures what it uses and keeps predictions.

        Args:
            step: Name of the step, which is that of its tool.
            *arguments: Arguments of the tool.
        """
        kept = ('--dump', self._predictions) if step == 'test' else ()
        *interpreter, tool = super().command(step)
        return [*interpreter, str(MEASURED), str(self._used(step)), tool,
                *map(str, (*arguments, *kept))]

    def gather(self) -> dict[str, Any]:
        """Read the result of the finished run, and note the samples that were right."""
        hits = hits_of(mmengine.load(self._predictions))
        np.savez_compressed(self.hits_file, allow_pickle=False, **hits)
        lines = self._used('train').read_text(encoding='utf-8').splitlines()
        used = [json.loads(line) for line in lines]
        gpu = [entry['gpu'] for entry in used if entry['gpu'] is not None]
        return dict(super().gather(), rss_mib=max(entry['rss'] for entry in used),
                    gpu_mib=max(gpu, default=None),
                    processor_seconds=round(sum(entry['processor'] for entry in used), 2))

    def hits(self) -> Hits:
        """Read what :func:`hits_of` found."""
        with np.load(self.hits_file) as saved:
            return dict(saved)

    @property
    def _predictions(self) -> Path:
        return self.folder / 'predictions.pkl'

    def _used(self, step: str) -> Path:
        return self.folder / f'{step}-used.jsonl'


def hits_of(predictions: list[dict[str, Any]]) -> Hits:
    """Tell which samples each stream classified rightly.

    Args:
        predictions: Data samples as dictionaries, as ``MultiModalMetric`` reads them. A sample
            that comes several times counts once.

    Returns:
        ``sample``, str (n,), sorted; and by stream, such as ``'fused'``, bool (n,).
    """
    unique = {f'{sample["sample_idx"]:09d} {sample.get("clip_id", "")}': sample
              for sample in predictions}
    ordered = [unique[key] for key in sorted(unique)]
    return dict(sample=np.array(sorted(unique)), **{
        stream: np.array([_is_right(sample, stream) for sample in ordered])
        for stream in ordered[0]['pred_scores']})


def _is_right(sample: dict[str, Any], stream: str) -> bool:
    return int(sample['pred_scores'][stream].argmax()) == int(sample['gt_labels']['item'])
