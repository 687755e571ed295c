"""Validation lists for data sets that have none."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from projects.bss.datasets.preparation.media import whole

SHARE = 10


def is_held_out(source: str) -> bool:
    """Say whether what comes from a source serves validation.

    Args:
        source: Name of a recording, picture or person.

    Returns:
        True for one source in ten: those whose SHA-256 is divisible by ten.
    """
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % SHARE == 0


def write_held_out(lines_of: Path, sources: Mapping[int, str], train: Path, val: Path,
                   rule: Callable[[str], bool] = is_held_out) -> None:
    """Deal the lines of a training list to a smaller training list and a validation list.

    Where either would be empty, as in very small copies, nothing is written.

    Args:
        lines_of: The training list.
        sources: Number of each line that holds an item, from 1 -> source of the item. Other lines
            (headers) go into both lists.
        train: The smaller training list to be written.
        val: The validation list to be written.
        rule: Which sources serve validation.
    """
    if len({rule(source) for source in sources.values()}) < 2:
        return
    lines = lines_of.read_text(encoding='utf-8-sig').splitlines(keepends=True)
    for target, held_out in ((train, False), (val, True)):
        kept = [line for number, line in enumerate(lines, start=1)
                if number not in sources or rule(sources[number]) == held_out]
        with whole(target) as partial:
            partial.write_text(''.join(kept), encoding='utf-8')
