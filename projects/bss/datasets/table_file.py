"""Tables on disk: csv, tsv and parquet."""
from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from projects.bss.datasets.annotations import line_error, read_rows
from projects.bss.functional import closest_name

_DELIMITERS = {'.csv': ',', '.tsv': '\t'}
TABLE_SUFFIXES = (*_DELIMITERS, '.parquet')

Row = dict[str, Any]
"""Cell by column name, text in csv and tsv; an empty cell is None."""


@dataclass(frozen=True)
class Table:
    """Rows of a table, and errors that name file, row and column.

    Attributes:
        path: Where it comes from.
        row_name: What its rows are called: ``'line'`` or ``'row'``.
        numbers: Number of each row, as a person would count it.
        rows: The rows, at least one.
    """

    path: str
    row_name: str
    numbers: Sequence[int]
    rows: Sequence[Row]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.rows[0])

    def require(self, columns: Sequence[str]) -> None:
        """Check that columns are there.

        Args:
            columns: Names of columns.

        Raises:
            ValueError: If one is not; the message names the nearest.
        """
        for name in columns:
            if name not in self.columns:
                raise ValueError(f'{self.path}: {closest_name("column", name, self.columns)}')

    def error(self, position: int, column: str, message: str) -> ValueError:
        """Make the error about one cell.

        Args:
            position: Position of the row, from 0.
            column: Name of the column.
            message: What is wrong and what to do, as a sentence.

        Returns:
            The error, to be raised.
        """
        return ValueError(f'{self.path}, {self.row_name} {self.numbers[position]}, column '
                          f'{column!r}: {message}')


def read_table(path: str | Path) -> Table:
    """Read a whole table.

    Args:
        path: ``.csv`` or ``.tsv`` in UTF-8, whose first line names the columns, or ``.parquet``.
            Double quotes protect commas in csv and are text in tsv.

    Returns:
        The table.

    Raises:
        ValueError: If the file is none of these, has no rows, repeats a column name, or has a
            line with another number of fields than the header.
        ModuleNotFoundError: For parquet without pandas and pyarrow.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise ValueError(f'A table must be one of {TABLE_SUFFIXES}, got {str(path)!r}; save it in '
                         'one of these formats.')
    numbered = _read_text(path, _DELIMITERS[suffix]) if suffix in _DELIMITERS \
        else _read_parquet(path)
    if not numbered:
        raise ValueError(f'{path} has no rows below its header; fill the table.')
    numbers, rows = zip(*numbered)
    return Table(str(path), 'line' if suffix in _DELIMITERS else 'row', numbers, rows)


def _read_text(path: str | Path, delimiter: str) -> list[tuple[int, Row]]:
    with open(path, encoding='utf-8-sig', newline='') as file:
        header = next(csv.reader(file, delimiter=delimiter), [])
    if len(set(header)) != len(header):
        raise line_error(path, 1, f'every column must have a name of its own, got {header}; '
                         'rename columns.')
    rows = read_rows(path, header, delimiter=delimiter, header=True, quoted=delimiter == ',')
    return [(number, {name: field.strip() or None for name, field in row.items()})
            for number, row in rows]


def _read_parquet(path: str | Path) -> list[tuple[int, Row]]:
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f'Reading {path} needs pandas and pyarrow, which are not '
                                  "installed: run `pip install 'bss[table]'`.") from error
    frame = pandas.read_parquet(path).astype(object)
    frame = frame.where(frame.notna() & (frame != ''), None)
    frame.columns = frame.columns.map(str)
    return list(enumerate(frame.to_dict('records'), start=1))
