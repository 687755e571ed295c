"""A user's own table: one row per sample, columns that become modalities."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.labels import index_labels, read_classes
from projects.bss.datasets.table_columns import build_columns
from projects.bss.datasets.table_file import Table, read_table


@DATASETS.register_module()
class MultiModalTableDataset(MultiModalDataset):
    """Samples of a csv, tsv or parquet table, whose columns the config maps to modalities.

    Each entry of ``columns`` makes one stream: ``dict(column=NAME, format=FORMAT)`` with a format
    of ``'image'``, ``'frames'``, ``'audio'``, ``'array'``, ``'color'``, ``'gray'``, ``'text'`` or
    ``'vector'`` (one or several columns of numbers). Files may have a ``prefix``, the folder below
    ``data_root`` in which they lie, arrays a ``key``, videos the columns ``start`` and ``end``. An
    empty cell means that the sample lacks this stream.

    Args:
        columns: Columns by modality.
        label: Column of the class: its name, or its number from 0.
        classes: Names of the classes in their order, or a text file of them, one per line; by
            default the labels of the whole table, sorted. Splits in several files need it.
        id: Column that names the samples in logs; by default they are named by line or row.
        filter: Column -> value, or list of values: only rows that have it are used.
        modalities: Which entries of ``columns`` to load, in the order of the model; all by default.
        **kwargs: ``ann_file`` (the table), ``data_root``, ``pipeline``, ``on_error`` and the other
            arguments of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument, a column or a cell is wrong; a wrong cell is named by file,
            row and column.
        FileNotFoundError: If the table, the class file or files of used modalities are missing.
    """

    METAINFO = dict(dataset_type='table')
    obtain = 'The table names these files: correct its column, or prefix and data_root.'

    def __init__(self, *, columns: Mapping[str, Mapping[str, Any]], label: str = 'label',
                 classes: Sequence[str] | str | None = None, id: str | None = None,
                 filter: Mapping[str, Any] | None = None,
                 modalities: Sequence[str] | None = None, **kwargs: Any) -> None:
        chosen = tuple(columns) if modalities is None else tuple(modalities)
        unknown = [name for name in chosen if name not in columns]
        if unknown:
            raise ValueError(f'modalities must be entries of columns, {list(columns)}, got '
                             f'{unknown}; correct the list.')
        self.columns = {name: build_columns(name, columns[name]) for name in chosen}
        self.label, self.classes, self.id = label, classes, id
        self.filter = dict(filter or {})
        super().__init__(modalities=chosen, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the table.

        Returns:
            One record per row that passes the filter, in the order of the table.
        """
        table = self.read_table()
        table.require(self.needed_columns)
        classes = read_classes(self.classes, self.data_root)
        # Over the whole table, so that its splits agree about the classes.
        labels, self._metainfo['classes'] = index_labels(table, self.label, classes)
        return [self._record(table, position, labels[position])
                for position in self._chosen(table)]

    def read_table(self) -> Table:
        """Read the rows.

        Returns:
            The table, with all its columns.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it cannot be read.
        """
        self.require_file(self.ann_file, 'table')
        return read_table(self.ann_file)

    @property
    def needed_columns(self) -> list[str]:
        """Names of the columns that label, id, filter and modalities need."""
        parts = [name for part in self.columns.values() for name in part.names]
        return [self.label, *([] if self.id is None else [self.id]), *self.filter, *parts]

    def _chosen(self, table: Table) -> list[int]:
        wanted = {name: set(map(str, [value] if isinstance(value, (str, int)) else value))
                  for name, value in self.filter.items()}
        chosen = [position for position, row in enumerate(table.rows)
                  if all(str(row[name]) in values for name, values in wanted.items())]
        if not chosen:
            raise ValueError(f'{table.path} has no row with {self.filter}; correct the filter.')
        return chosen

    def _record(self, table: Table, position: int, label: int) -> dict:
        name = f'{table.row_name} {table.numbers[position]}' if self.id is None \
            else str(table.rows[position][self.id])
        return {'clip_id': name, 'gt_label': label,
                'modalities': {modality: self._stream(table, position, modality)
                               for modality in self.modalities}}

    def _stream(self, table: Table, position: int, modality: str) -> dict:
        part = self.columns[modality]
        empty = [name for name in part.names if table.rows[position][name] is None]
        if not empty:
            return part.stream(table, position, Path(self.data_root))
        if self.on_error == 'raise':
            raise table.error(position, empty[0], f'the cell is empty, so modality {modality!r} '
                              "is absent; fill it, or set on_error='mask' to train without it or "
                              "'skip' to leave such rows out.")
        return dict(format=part.format, absent=True)
