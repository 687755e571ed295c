"""Find a checkpoint to go on from after a process was killed."""
from __future__ import annotations

import logging
import zipfile
from pathlib import Path

from mmengine.logging import print_log

_PATTERNS = ('epoch_*.pth', 'iter_*.pth')


def latest_whole_checkpoint(work_dir: str) -> str | None:
    """Find the newest checkpoint that was written to its end.

    mmengine 0.10.7 writes checkpoints in place, and their name to ``last_checkpoint`` afterwards. A
    process killed in between leaves a file without an end, a name of a file that was removed for
    the next one, or no name at all.

    Args:
        work_dir: Folder of the run.

    Returns:
        Path of the checkpoint that ``last_checkpoint`` names, if it is whole; else of the newest
        whole one beside it or in ``work_dir``; None if there is none.
    """
    record = Path(work_dir, 'last_checkpoint')
    named = record.read_text().strip() if record.is_file() else ''
    if named and (Path(named).is_dir() or '://' in named or zipfile.is_zipfile(named)):
        return named
    folders = {Path(work_dir), Path(named).parent if named else Path(work_dir)}
    written = [path for folder in folders for pattern in _PATTERNS for path in folder.glob(pattern)]
    whole = [path for path in written if zipfile.is_zipfile(path)]
    chosen = max(whole, key=lambda path: path.stat().st_mtime_ns, default=None)
    if named or written:
        print_log(f'The latest checkpoint of {work_dir} is missing or was cut short: '
                  f'{"the run starts anew" if chosen is None else f"going on from {chosen}"}.',
                  logger='current', level=logging.WARNING)
    return None if chosen is None else str(chosen)
