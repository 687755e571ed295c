"""Run a tool in this process, and write down what memory and processor time it took."""
from __future__ import annotations

import json
import os
import re
import resource
import runpy
import sys
from pathlib import Path

_STATUS = Path('/proc/self/status')


def used() -> dict[str, float | None]:
    """Measure what this process has used so far.

    Returns:
        ``rss``, its largest resident set in MiB (loader workers are processes of their own);
        ``gpu``, the most that torch allocated on the current GPU in MiB, None without one; and
        ``processor``, seconds of its processor time and of the children that have ended.
    """
    gpu = _peak_on_gpu()
    return dict(rss=round(_peak_resident_set() / 2**20, 1),
                gpu=None if gpu is None else round(gpu / 2**20, 1),
                processor=sum(os.times()[:4]))


def _peak_on_gpu() -> int | None:
    """Return bytes; None for a tool that has not used a GPU, for which torch is not imported."""
    if 'torch' not in sys.modules:
        return None
    cuda = sys.modules['torch'].cuda
    return cuda.max_memory_allocated() if cuda.is_available() and cuda.is_initialized() else None


def _peak_resident_set() -> int:
    """Return bytes."""
    # Linux counts what the parent held at the fork in ru_maxrss.
    found = re.search(r'VmHWM:\s+(\d+) kB', _STATUS.read_text()) if _STATUS.is_file() else None
    if found is not None:
        return int(found.group(1)) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(argv: list[str]) -> None:
    """Run a tool.

    Args:
        argv: File that a line is added to, the tool, and its arguments.
    """
    file, tool, *_ = argv
    sys.argv = argv[1:]
    try:
        runpy.run_path(tool, run_name='__main__')
    finally:
        with Path(file).open('a', encoding='utf-8') as stream:
            stream.write(json.dumps(used()) + '\n')


if __name__ == '__main__':
    main(sys.argv[1:])
