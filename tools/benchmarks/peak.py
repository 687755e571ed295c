"""Peak memory of this process, which can be measured anew."""
from __future__ import annotations

import gc
from pathlib import Path


def reset_peak() -> int | None:
    """Lower the high-water mark of the resident set to its present size.

    Returns:
        That size in bytes; None on a system that cannot do it.
    """
    mark = Path('/proc/self/clear_refs')
    if not mark.exists():
        return None
    gc.collect()
    mark.write_text('5', encoding='ascii')
    return _status('VmRSS')


def peak_memory() -> int:
    """Read the high-water mark of the resident set.

    Returns:
        Largest size since :func:`reset_peak`, in bytes.

    Raises:
        KeyError: If the kernel does not report it.
    """
    return _status('VmHWM')


def _status(key: str) -> int:
    for line in Path('/proc/self/status').read_text(encoding='ascii').splitlines():
        if line.startswith(f'{key}:'):
            return int(line.split()[1]) * 1024
    raise KeyError(f'/proc/self/status has no entry {key!r}: this kernel does not report memory.')
