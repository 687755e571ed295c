"""Class labels of tables: names or numbers."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from projects.bss.datasets.table_file import Table
from projects.bss.functional import closest_name


def read_classes(classes: Sequence[str] | str | None, root: str | Path) -> list[str] | None:
    """Bring a class list from any of its forms into one.

    Args:
        classes: Names in their order, or a text file of them, one per line, or None.
        root: Folder below which the file lies.

    Returns:
        Names in their order, or None.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a class is listed twice.
    """
    if classes is None:
        return None
    names = list(map(str, classes))
    if isinstance(classes, str):
        path = Path(root, classes)
        if not path.is_file():
            raise FileNotFoundError(f'classes must be a list of names or a text file of them, but '
                                    f'there is no file {str(path)!r}; correct its name.')
        names = [line.strip() for line in path.read_text(encoding='utf-8-sig').splitlines()
                 if line.strip()]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f'classes must differ, but {repeated} occur twice; correct the list.')
    return names


def index_labels(table: Table, column: str,
                 classes: Sequence[str] | None) -> tuple[list[int], tuple[str, ...]]:
    """Turn the labels of a table into class numbers.

    Args:
        table: The table.
        column: Column of the labels: names of classes, or their numbers from 0.
        classes: Names in their order. By default numbers stand for themselves and names are
            sorted.

    Returns:
        Class of each row, from 0, and the names of all classes.

    Raises:
        ValueError: If a label is empty, is not in the list or is not a number of it; the message
            names file, row and column.
    """
    labels = [row[column] for row in table.rows]
    if None in labels:
        raise table.error(labels.index(None), column, 'the label is empty; fill it, or remove the '
                          'row.')
    texts = list(map(str, labels))
    # Decided once for the whole table: a class that is called '3' need not be number 3.
    as_numbers = all(text.isdecimal() for text in texts) and not set(texts) <= set(classes or ())
    if as_numbers:
        names = list(classes or map(str, range(max(map(int, texts)) + 1)))
        known = {str(number): number for number in range(len(names))}
        texts = [str(int(text)) for text in texts]
    else:
        names = list(classes or sorted(set(texts)))
        known = {name: index for index, name in enumerate(names)}
    for position, text in enumerate(texts):
        if text not in known:
            raise table.error(position, column, f'{closest_name("class", text, known)} Correct '
                              'the label or the class list.')
    return [known[text] for text in texts], tuple(names)
