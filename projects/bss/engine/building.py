"""Build parts of the measurer and the scheduler from configs, with helpful errors."""
from __future__ import annotations

from typing import Any

from mmengine.registry import TASK_UTILS

from projects.bss.functional import closest_name


def build_part(config: Any, base: type, kind: str) -> Any:
    """Build a registered part.

    Args:
        config: Its registered name, a dict with ``type``, or the built object.
        base: Class that the part must inherit from.
        kind: What the part is called in messages.

    Returns:
        The built part.

    Raises:
        KeyError: For a name that is not registered; the nearest one is suggested.
        TypeError: For a part of another kind.
    """
    if isinstance(config, str):
        config = dict(type=config)
    if isinstance(config, dict):
        name = config.get('type')
        if isinstance(name, str) and TASK_UTILS.get(name) is None:
            raise KeyError(closest_name(kind, name, _names_of(base)))
        config = TASK_UTILS.build(config)
    if not isinstance(config, base):
        raise TypeError(f'The {kind} must be a {base.__name__}, but got '
                        f'{type(config).__name__}: choose one of {", ".join(_names_of(base))}.')
    return config


def _names_of(base: type) -> list[str]:
    return sorted(name for name, part in TASK_UTILS.module_dict.items() if issubclass(part, base))
