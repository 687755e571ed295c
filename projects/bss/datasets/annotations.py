"""Rows of annotation files, and errors that name the file and the line."""
from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from projects.bss.functional import closest_name


def read_rows(path: str | Path, columns: Sequence[str], *, delimiter: str = ',',
              header: bool = False, quoted: bool = True,
              more: bool = False) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a delimited text file in UTF-8, with or without a byte-order mark.

    Empty lines are passed over.

    Args:
        path: The file.
        columns: Names of the columns to read. Without a header they name the fields by position.
        delimiter: The character between two fields.
        header: Whether the first line names the columns, in any order and among others.
        quoted: Whether a field may stand in double quotes, as in csv. False takes quotes as text.
        more: Whether lines of a file without header may have further fields, which are ignored.

    Yields:
        Number of the line, from 1, and the fields by column.

    Raises:
        ValueError: If a column is not in the header or a line has another number of fields; the
            message names file and line.
    """
    with open(path, encoding='utf-8-sig', newline='') as file:
        lines = csv.reader(file, delimiter=delimiter, strict=quoted,
                           quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
        names = list(columns)
        if header:
            names = next(lines, [])
            _check_header(path, names, columns)
        yield from _rows(path, lines, names, columns, more)


def line_error(path: str | Path, number: int, message: str) -> ValueError:
    """Make the error about one line of an annotation file.

    Args:
        path: The file.
        number: Number of the line, from 1.
        message: What is wrong with the line and what to do, as a sentence.

    Returns:
        The error, to be raised.
    """
    return ValueError(f'{path}, line {number}: {message}')


def class_index(indices: Mapping[str, int], label: str, path: str | Path, number: int) -> int:
    """Look a label up in the class list.

    Args:
        indices: Class name -> index.
        label: The label as the line has it.
        path: The annotation file.
        number: Number of the line, from 1.

    Returns:
        Index of the class.

    Raises:
        ValueError: If the label is not in the class list; the message names file and line.
    """
    if label not in indices:
        raise line_error(path, number, f'{closest_name("label", label, indices)} Correct the '
                         'line, or set the class list to the one of this file.')
    return indices[label]


def _check_header(path: str | Path, names: Sequence[str], columns: Sequence[str]) -> None:
    absent = [name for name in columns if name not in names]
    if absent:
        raise line_error(path, 1, f'the header must name the columns {list(columns)}, but lacks '
                         f'{absent} (it reads {list(names)}); correct the first line.')


def _rows(path: str | Path, lines: Any, names: Sequence[str],
          columns: Sequence[str], more: bool) -> Iterator[tuple[int, dict[str, str]]]:
    number = lines.line_num + 1
    try:
        for fields in lines:
            if fields:
                _check_count(path, number, fields, names, more)
                row = dict(zip(names, fields))
                yield number, {name: row[name] for name in columns}
            number = lines.line_num + 1
    except csv.Error as error:
        raise line_error(path, number,
                         f'the line cannot be parsed ({error}); correct it.') from error


def _check_count(path: str | Path, number: int, fields: Sequence[str], names: Sequence[str],
                 more: bool) -> None:
    if len(fields) < len(names) or (len(fields) > len(names) and not more):
        least = 'at least ' if more else ''
        raise line_error(path, number, f'the line must have {least}{len(names)} fields '
                         f'({", ".join(names)}), got {len(fields)}: {list(fields)}; correct it.')
