"""Absent modalities: how a record and a packed sample show them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def is_absent(stream: dict) -> bool:
    """Tell whether there is nothing to read for a stream.

    Args:
        stream: Stream of a record.

    Returns:
        Whether the data set says so (``absent``), its file is missing, or its text is None.
    """
    return (bool(stream.get('absent')) or stream.get('text', '') is None
            or 'path' in stream and not Path(stream['path']).exists())


def is_blank(stream: dict) -> bool:
    """Tell whether a stream is a text without a letter, which can be read but says nothing."""
    return not str(stream.get('text', 'given')).strip()


def without_streams(record: dict, names: Iterable[str]) -> dict:
    """Copy a record, less some of its streams."""
    return {**record, 'modalities': {name: stream for name, stream in record['modalities'].items()
                                     if name not in names}}


def lacking(packed: Any, modalities: Sequence[str]) -> tuple[str, ...]:
    """Name the modalities that a packed sample does not have.

    Args:
        packed: What the last transform of a pipeline returned.
        modalities: Names of the modalities of the data set.

    Returns:
        The names missing in ``inputs``; none if the inputs are not kept by name.
    """
    inputs = packed.get('inputs') if isinstance(packed, dict) else None
    return tuple(name for name in modalities if name not in inputs) \
        if isinstance(inputs, dict) else ()


def count_by_modality(names: Iterable[str]) -> str:
    """Write how often each name occurs, as in ``'audio in 3, video in 1'``."""
    return ', '.join(f'{name} in {count}' for name, count in Counter(names).items())
