"""From the columns of a table to the streams of a sample."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from projects.bss.datasets.table_file import Table
from projects.bss.functional import closest_name


class StreamColumns(ABC):
    """Columns that together make one stream."""

    format: str

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read."""

    @abstractmethod
    def stream(self, table: Table, position: int, root: Path) -> dict:
        """Make the record of the stream of one row, whose cells are all filled.

        Args:
            table: The table.
            position: Position of the row.
            root: Folder below which files lie.

        Returns:
            The record, with ``format``.

        Raises:
            ValueError: If a cell cannot be understood; the message names file, row and column.
        """


@dataclass(frozen=True)
class FileColumn(StreamColumns):
    """A column of file names.

    Attributes:
        column: Name of the column.
        format: ``'image'``, ``'frames'`` (a folder), ``'audio'`` or ``'array'``.
        prefix: Folder below ``data_root`` to which the names are relative.
        key: Name of the array in a file of several.
    """

    column: str
    format: str
    prefix: str = ''
    key: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return (self.column, )

    def stream(self, table: Table, position: int, root: Path) -> dict:
        """Make the record of one file; ``file`` is its name, which the fingerprint covers."""
        path = root / self.prefix / str(table.rows[position][self.column])
        key = {} if self.key is None else dict(key=self.key)
        return dict(path=str(path), file=path.name, format=self.format, **key)


@dataclass(frozen=True)
class VideoColumn(FileColumn):
    """A column of names of video files, and columns that say which frames.

    Attributes:
        column: Name of the column.
        format: ``'color'`` or ``'gray'``.
        prefix: Folder below ``data_root`` to which the names are relative.
        start: Column of the first frame, counted from 0; together with ``end``.
        end: Column of the frame after the last one. Without both the whole video is the clip, and
            ``CountFrames`` must stand in the pipeline.
    """

    start: str | None = None
    end: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return tuple(name for name in (self.column, self.start, self.end) if name is not None)

    def stream(self, table: Table, position: int, root: Path) -> dict:
        """Make the record of one clip."""
        clip = super().stream(table, position, root)
        if self.start is None or self.end is None:
            return clip
        start, end = (_whole_number(table, position, name) for name in (self.start, self.end))
        if end <= start:
            raise table.error(position, self.end, f'the clip must end after its first frame '
                              f'{start}, got {end}; correct the cell.')
        return dict(clip, start=start, end=end)


@dataclass(frozen=True)
class TextColumn(StreamColumns):
    """A column of texts.

    Attributes:
        column: Name of the column.
        format: ``'text'``.
    """

    column: str
    format: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return (self.column, )

    def stream(self, table: Table, position: int, root: Path) -> dict:
        """Make the record of one text."""
        return dict(text=str(table.rows[position][self.column]), format=self.format)


@dataclass(frozen=True)
class NumberColumns(StreamColumns):
    """Columns of numbers, which make one vector.

    Attributes:
        column: Name of the column, or names of several.
        format: ``'vector'``.
    """

    column: str | Sequence[str]
    format: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that are read."""
        return (self.column, ) if isinstance(self.column, str) else tuple(self.column)

    def stream(self, table: Table, position: int, root: Path) -> dict:
        """Make the record of one vector."""
        return dict(values=[_number(table, position, name) for name in self.names],
                    format=self.format)


KINDS: dict[str, type[StreamColumns]] = dict(
    image=FileColumn, frames=FileColumn, audio=FileColumn, array=FileColumn, color=VideoColumn,
    gray=VideoColumn, text=TextColumn, vector=NumberColumns)
"""Class by format of a stream."""


def build_columns(modality: str, config: Mapping[str, Any]) -> StreamColumns:
    """Make the columns of one stream from their config.

    Args:
        modality: Name of the stream.
        config: ``format``, ``column`` and what the class of that format takes.

    Returns:
        The columns.

    Raises:
        ValueError: If the format is unknown, an entry is missing or is not one of that format.
    """
    kind = config.get('format', '')
    if kind not in KINDS:
        raise ValueError(f'columns[{modality!r}]: {closest_name("format", kind, KINDS)}')
    known = [field.name for field in fields(KINDS[kind])]  # type: ignore[arg-type]
    wrong = [name for name in config if name not in known]
    if wrong or 'column' not in config:
        raise ValueError(f'columns[{modality!r}] of format {kind!r} must name a column and may '
                         f'have the entries {known}, got {dict(config)}; correct it.')
    return KINDS[kind](**config)


def _number(table: Table, position: int, column: str) -> float:
    cell = table.rows[position][column]
    try:
        value = float(cell)
    except (TypeError, ValueError) as error:
        raise table.error(position, column, f'the cell must be a number, got {cell!r}; correct '
                          'it.') from error
    if value - value != 0:
        raise table.error(position, column, f'the number must be finite, got {cell!r}; correct '
                          'it or leave the cell empty.')
    return value


def _whole_number(table: Table, position: int, column: str) -> int:
    value = _number(table, position, column)
    if value < 0 or value != int(value):
        raise table.error(position, column, f'a frame number must be a whole number from 0, got '
                          f'{table.rows[position][column]!r}; correct the cell.')
    return int(value)
