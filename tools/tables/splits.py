"""Train, validation and test split of a table."""
from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from projects.bss.datasets.table_file import Table

NAMES = {'train': ('train', 'training'), 'val': ('val', 'valid', 'validation', 'dev'),
         'test': ('test', 'testing')}
FOLDS, VAL_FOLDS, TEST_FOLDS = 10, 1, 2


def draw_splits(labels: Sequence[int], groups: Sequence[str]) -> list[str]:
    """Deal samples to 70 % train, 10 % val and 20 % test, with similar shares of every class.

    Args:
        labels: Class of each sample.
        groups: Samples with the same name stay together.

    Returns:
        Split of each sample; always the same for the same arguments.

    Raises:
        ValueError: If there are fewer than ten groups.
    """
    if len(set(groups)) < FOLDS:
        raise ValueError(f'A split needs at least {FOLDS} groups of rows, got {len(set(groups))}; '
                         'add rows, or name the split of every row in a column (--split).')
    numbers = np.unique(list(groups), return_inverse=True)[1]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    splits = np.full(len(labels), 'train', dtype=object)
    for number, (_, chosen) in enumerate(folds.split(labels, labels, numbers)):
        if number < TEST_FOLDS + VAL_FOLDS:
            splits[chosen] = 'test' if number < TEST_FOLDS else 'val'
    return splits.tolist()


def name_splits(table: Table, column: str) -> dict[str, str]:
    """Find the splits in a column that names them.

    Args:
        table: The table.
        column: The column.

    Returns:
        ``'train'``, ``'val'`` and ``'test'`` -> the value that stands for it. Where one of the
        latter two is absent the other one serves.

    Raises:
        ValueError: If the column names no training split, or nothing beside it.
    """
    values = sorted({str(row[column]) for row in table.rows})
    found = {split: value for split, names in NAMES.items() for value in values
             if value.lower() in names}
    other = found.get('val', found.get('test'))
    if 'train' not in found or other is None:
        raise ValueError(f'Column {column!r} must name a training split and one for validation or '
                         f'testing, but its values are {values[:10]}; rename them to train, val '
                         'and test.')
    return {'val': other, 'test': other} | found


def write_splits(table: Table, splits: Sequence[str], column: str, path: Path) -> None:
    """Write a copy of a table with a column that names the splits.

    Args:
        table: The table.
        splits: Split of each row.
        column: Name of the new column.
        path: The ``.csv`` or ``.tsv`` file to be written.
    """
    # What reads a tsv takes quotes as text, so none may be added.
    style: dict = dict(delimiter='\t', quoting=csv.QUOTE_NONE, quotechar=None) \
        if path.suffix == '.tsv' else {}
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, **style)
        writer.writerow([*table.columns, column])
        for row, split in zip(table.rows, splits):
            writer.writerow([*('' if cell is None else cell for cell in row.values()), split])
