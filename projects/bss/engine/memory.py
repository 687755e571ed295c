"""How much memory a part of a run needs."""
from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import torch

_MIB = 1 << 20
_STATUS = Path('/proc/self/status')


@dataclass
class PeakMemory:
    """Peak of a part of a run, in MiB.

    Args:
        peak: On a GPU the most that tensors took during the part; on a CPU the largest resident
            set of the process until its end.
        growth: By how much that exceeds what tensors took before the part, on a CPU the peak
            before it.
    """

    peak: float = 0.0
    growth: float = 0.0


@contextmanager
def peak_memory(device: torch.device) -> Iterator[PeakMemory]:
    """Measure the peak of what is done inside.

    On a GPU the peak that torch keeps begins anew before, as with each log line of mmengine.

    Args:
        device: Where it computes.

    Yields:
        The peak, known at the end.
    """
    _begin_anew(device)
    found, before = PeakMemory(), _peak(device)
    yield found
    found.peak = _peak(device)
    found.growth = found.peak - before


class TrainingPeak:
    """Peak of all training steps of a run.

    Args:
        device: Where it computes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self._most = device, 0.0

    def begin(self) -> None:
        """Forget what came before an epoch of training, such as a validation."""
        _begin_anew(self.device)

    def observe(self) -> None:
        """Note the peak of a GPU, after each step, before anybody else begins it anew."""
        if self.device.type == 'cuda':
            self._most = max(self._most, _peak(self.device))

    def read(self) -> float:
        """Tell the peak so far in MiB; on a CPU that of the process, scoring included."""
        return self._most if self.device.type == 'cuda' else _peak(self.device)


def _begin_anew(device: torch.device) -> None:
    """Lower the peak of a GPU to what tensors take now."""
    if device.type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)


def _peak(device: torch.device) -> float:
    if device.type == 'cuda':
        return torch.cuda.max_memory_allocated(device) / _MIB
    if sys.platform == 'win32':
        return 0.0  # keeps no such count
    if _STATUS.is_file():
        # Linux counts what the parent held at the fork in ru_maxrss.
        peak, = re.findall(r'VmHWM:\s+(\d+) kB', _STATUS.read_text(encoding='utf-8'))
        return int(peak) / 1024
    import resource

    # macOS counts bytes, others kibibytes.
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB
