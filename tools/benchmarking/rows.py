"""Rows of a benchmark: which configs are compared, and which of them are controls."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from projects.bss.paths import config_path

DEFAULT_ROWS = Path(__file__).with_name('default_rows.py')
VANILLA = 'vanilla'
CONTROLS = (VANILLA, 'unimodal', 'random order', 'anti-CL', 'equal updates')
"""What every table should have beside the methods."""
_CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
_KEYS = {'config', 'name', 'control', 'options'}


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Args:
        name: Its name, and that of its folder.
        config: Config file: a path, or a name below ``configs/``.
        control: Which of ``CONTROLS`` it is; None for a method.
        options: Changes of the config, by dotted key.
    """

    name: str
    config: str
    control: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def read_rows(file: Path, data: str) -> list[Row]:
    """Read the list of rows for a data set.

    Args:
        file: The list, see ``default_rows.py``.
        data: Name of the data set, as the names of configs begin.

    Returns:
        The rows, in order. A pattern that no file fits gives none.

    Raises:
        FileNotFoundError: If there is no such list, or no such config.
        ValueError: If an entry has an unknown key or control.
    """
    if not file.is_file():
        raise FileNotFoundError(f'--rows must name a list of rows, but there is no file '
                                f'{str(file)!r}; see tools/benchmarking/{DEFAULT_ROWS.name}.')
    return [row for entry in Config.fromfile(file).rows for row in _expand(entry, data)]


def rows_of_files(files: Sequence[str], data: str | None) -> list[Row]:
    """Make a row of each config that the command line names.

    Args:
        files: Configs: paths, or names below ``configs/``.
        data: Name of the data set, which the names of rows leave out; None if the first config is
            the vanilla row.

    Returns:
        The rows, in order.
    """
    rows = [Row(_part(Path(file).stem, data or ''), file) for file in files]
    return rows if data else [Row(VANILLA, rows[0].config, VANILLA), *rows[1:]]


def check_rows(rows: Sequence[Row]) -> None:
    """Refuse rows that make no table.

    Args:
        rows: The rows.

    Raises:
        ValueError: If a name comes twice, or not exactly one row is vanilla.
    """
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'Every row must have a name of its own, but {twice} come twice: name a '
                         'config once, or give other names in --rows.')
    vanilla = [row.name for row in rows if row.control == VANILLA]
    if len(vanilla) != 1:
        raise ValueError('One row must be `control: vanilla`, with which the others are compared, '
                         f'but {vanilla or "none"} is.')


def vanilla_of(rows: Sequence[Row]) -> str:
    """Name the row that the others are compared with.

    Args:
        rows: Rows of which one is vanilla.
    """
    return next(row.name for row in rows if row.control == VANILLA)


def missing_controls(rows: Sequence[Row]) -> list[str]:
    """List the controls that no row is.

    Args:
        rows: The rows.
    """
    return [control for control in CONTROLS if control not in {row.control for row in rows}]


def _expand(entry: Mapping[str, Any], data: str) -> list[Row]:
    unknown = sorted(set(entry) - _KEYS)
    control = entry.get('control')
    if unknown or 'config' not in entry or control not in (None, *CONTROLS):
        raise ValueError(f'A row must have `config`, and may have `name`, `options` and `control` '
                         f'(one of {CONTROLS}), but got {dict(entry)}.')
    name, options = entry.get('name', '{name}'), entry.get('options') or {}
    return [Row(name.format(name=_part(Path(file).stem, data)), file, control, options)
            for file in _files(entry['config'].format(data=data))]


def _files(pattern: str) -> list[str]:
    if not set(pattern) & set('*?['):
        return [pattern if Path(pattern).is_file() else config_path(pattern)]
    return [str(path) for path in sorted(_CONFIGS.glob(pattern))]


def _part(stem: str, data: str) -> str:
    return stem.removeprefix(f'{data}_')
