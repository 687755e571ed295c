"""One sentence for a name that does not exist."""
from __future__ import annotations

from difflib import get_close_matches
from typing import Iterable


def closest_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown and which known one is nearest.

    Args:
        kind: What the name stands for, e.g. ``'pacing'``.
        name: The unknown name.
        known: All names that exist.

    Returns:
        A sentence for an error message.
    """
    known = sorted(known)
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ''
    return f"Unknown {kind} '{name}'.{hint} Choose one of: {', '.join(known)}."
