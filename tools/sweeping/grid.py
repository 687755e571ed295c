"""Grids over the keys of a config."""
from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mmengine.config import Config, DictAction

Setting = dict[str, Any]


@dataclass(frozen=True)
class Axis:
    """One dimension of a grid.

    Args:
        name: Dotted key of the config, or several joined by ``+`` that take the same value.
        values: The values, at least one.
    """

    name: str
    values: tuple[Any, ...]

    @property
    def label(self) -> str:
        """Last part of the (first) key."""
        return short_name(self.name)


def short_name(name: str) -> str:
    """Return the last part of the first key of an axis.

    Args:
        name: Name of the axis.
    """
    return name.split('+')[0].rpartition('.')[2]


def parse_axis(text: str) -> Axis:
    """Read an axis as it stands on the command line.

    Args:
        text: ``KEY=VALUE,VALUE,...`` or ``KEY+KEY=...``; values as in ``--cfg-options``.

    Returns:
        The axis.

    Raises:
        ValueError: If the text has no key or no value.
    """
    name, equals, values = text.partition('=')
    if not (name and equals and values) or '' in name.split('+'):
        raise ValueError(
            f'--grid must be KEY=VALUE,VALUE,... but got {text!r}. For example: '
            '--grid model.head.alpha=0.1,0.2,0.5')
    parser = argparse.ArgumentParser()
    parser.add_argument('--grid', nargs=1, action=DictAction)
    parsed = parser.parse_args(['--grid', f'{name}={values}']).grid[name]
    return Axis(name, tuple(parsed) if isinstance(parsed, list) else (parsed, ))


def parse_axes(texts: Sequence[str]) -> list[Axis]:
    """Read all axes of a sweep.

    Args:
        texts: One text per axis.

    Returns:
        The axes.

    Raises:
        ValueError: If a text is no axis, or a key or a value comes twice.
    """
    axes = [parse_axis(text) for text in texts]
    keys = keys_of(axes)
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f'--grid must name each key once, but names {key!r} '
                             f'{keys.count(key)} times: give all its values in one --grid.')
    for axis in axes:
        for value in axis.values:
            if axis.values.count(value) > 1:
                raise ValueError(f'--grid {axis.name} must name each value once, but names '
                                 f'{value!r} {axis.values.count(value)} times.')
    return axes


def settings_of(axes: Sequence[Axis]) -> list[Setting]:
    """List the points of a grid.

    Args:
        axes: Its axes.

    Returns:
        One dict per point, value by name of the axis; the last axis changes fastest. Without axes
        there is one point, the config as it is.
    """
    return [dict(zip([axis.name for axis in axes], values))
            for values in itertools.product(*(axis.values for axis in axes))]


def options_of(setting: Setting) -> dict[str, Any]:
    """Return the values of one point by key of the config.

    Args:
        setting: Value by name of the axis.
    """
    return {key: value for name, value in setting.items() for key in name.split('+')}


def require_keys(cfg: Config, keys: Iterable[str], source: str = '--grid') -> None:
    """Refuse a key that leads nowhere, which mmengine would quietly add to the config.

    The last part of a key may be new where it sets an argument that has its default value.

    Args:
        cfg: The config.
        keys: Dotted keys.
        source: What names them.

    Raises:
        KeyError: If the way to a key does not exist.
    """
    for key in keys:
        part: Any = cfg._cfg_dict
        *parents, last = key.split('.')
        for name in parents:
            part = _entry(part, name, key, source)
        if not (isinstance(part, dict) and 'type' in part):
            _entry(part, last, key, source)


def keys_of(axes: Sequence[Axis]) -> list[str]:
    """List the dotted keys that a grid sets.

    Args:
        axes: Its axes.
    """
    return [key for axis in axes for key in axis.name.split('+')]


def _entry(part: Any, name: str, key: str, source: str) -> Any:
    known = {str(index): value for index, value in enumerate(part)} if isinstance(
        part, (list, tuple)) else part if isinstance(part, dict) else {}
    if name not in known:
        raise KeyError(
            f'{source} names the key {key!r}, but there is no entry {name!r} at that place of the '
            f'config. It has: {", ".join(known) or repr(part)}.')
    return known[name]
