"""Data sets of the Hugging Face ``datasets`` library."""
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.table import MultiModalTableDataset
from projects.bss.datasets.table_file import Row, Table

_BATCH = 1000


@DATASETS.register_module()
class HuggingFaceDataset(MultiModalTableDataset):
    """Samples of a Hugging Face data set, whose columns the config maps to modalities.

    Columns, label, filter and absent cells are as in ``MultiModalTableDataset``; a label of type
    ``ClassLabel`` brings its names. Images, sounds and videos are left encoded. Those that lie
    inside the data set's own files are written to a temporary file for the moment in which the
    pipeline reads a sample, so every loader works on them.

    Args:
        path: Folder written by ``Dataset.save_to_disk``, or with ``download`` a name on the hub.
        split: Name of the split; None for a folder that holds one without a name.
        revision: Commit, tag or branch on the hub; must be given with ``download``.
        download: Whether ``path`` is a name on the hub, which may be downloaded.
        **kwargs: ``columns``, ``label``, ``classes``, ``id``, ``filter``, ``modalities`` and the
            other arguments of ``MultiModalTableDataset``, except ``ann_file``.

    Raises:
        FileNotFoundError: If there is no such folder and ``download`` is False.
        ValueError: If a revision is missing, the split is unknown, or a column or cell is wrong.
        ModuleNotFoundError: If ``datasets`` is not installed.
    """

    METAINFO = dict(dataset_type='huggingface')

    def __init__(self, *, path: str, split: str | None = None, revision: str | None = None,
                 download: bool = False, **kwargs: Any) -> None:
        if download and revision is None:
            raise ValueError(f'revision must be given with download=True, got None for {path!r}; '
                             'pin the commit, so that everybody reads the same data.')
        self.path, self.split = path, split
        self.revision, self.download = revision, download
        self._files: ExitStack | None = None
        super().__init__(**kwargs)

    def read_table(self) -> Table:
        """Open the data set and read all but the media themselves.

        Returns:
            The table of the split. The cell of a medium is the name of its file.
        """
        splits = _open_splits(self.path, self.revision, self.download)
        if self.split not in splits:
            raise ValueError(f'split must be one of {list(splits)} of {self.path}, got '
                             f'{self.split!r}; correct it.')
        chosen = splits[self.split]
        header = Table(self.path, 'row', (), [dict.fromkeys(chosen.column_names)])
        header.require(self.needed_columns)
        self._encoded = _without_decoding(chosen.select_columns(sorted(set(self.needed_columns))))
        self._content = chosen._fingerprint
        if self.classes is None:
            self.classes = _class_names(splits, self.label)
        names = getattr(chosen.features[self.label], 'names', None)
        rows = [dict(row, **{self.label: _label(row[self.label], names)})
                for row in _rows(self._encoded)]
        return Table(self.path, 'row', range(len(rows)), rows)

    def get_data_info(self, idx: int) -> dict:
        """Give the record of a sample.

        Args:
            idx: Position of the sample.

        Returns:
            The record. While the pipeline reads a sample its media have a ``path``.
        """
        record = super().get_data_info(idx)
        if self._files is not None:
            for stream in record['modalities'].values():
                if 'row' in stream:
                    stream['path'] = self._written(stream, self._files)
        return record

    def _read(self, idx: int, without: Sequence[str]) -> Any:
        with ExitStack() as self._files:
            try:
                return super()._read(idx, without)
            finally:
                self._files = None

    def fingerprint(self) -> str:
        """Digest of the data set's own fingerprint and of what is read of it.

        Returns:
            64 hexadecimal digits.
        """
        own = f'{self._content}/{super().fingerprint()}'
        return hashlib.sha256(own.encode()).hexdigest()

    def _stream(self, table: Table, position: int, modality: str) -> dict:
        stream = super()._stream(table, position, modality)
        column = self.columns[modality].names[0]
        if isinstance(table.rows[position][column], _Embedded):
            del stream['path']
            stream.update(row=position, column=column)
        return stream

    def _written(self, stream: dict, files: ExitStack) -> str:
        medium = self._encoded[stream['row']][stream['column']]
        file = files.enter_context(NamedTemporaryFile(suffix=Path(stream['file']).suffix))
        file.write(medium['bytes'])
        file.flush()
        return file.name


class _Embedded(str):
    """Name of a medium whose bytes lie in the data set itself."""


def _open_splits(path: str, revision: str | None, download: bool) -> dict[str | None, Any]:
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f'Reading {path} needs the library datasets, which is not '
                                  "installed: run `pip install 'bss[huggingface]'`.") from error
    if not download and not Path(path).is_dir():
        raise FileNotFoundError(
            f'There is no folder {path!r}, and no download is tried unless download=True is set. '
            'Write the folder with Dataset.save_to_disk, or give download=True and a revision.')
    opened = datasets.load_dataset(path, revision=revision) if download \
        else datasets.load_from_disk(path)
    return dict(opened) if isinstance(opened, dict) else {None: opened}


def _without_decoding(dataset: Any) -> Any:
    for name, feature in dataset.features.items():
        if hasattr(feature, 'decode'):
            dataset = dataset.cast_column(name, type(feature)(decode=False))
    return dataset


def _rows(dataset: Any) -> Iterator[Row]:
    # By arrow, so that the media, most of the data, are not read.
    for batch in dataset.with_format('arrow').iter(_BATCH):
        columns = [_cells(batch.column(name)) for name in batch.column_names]
        for cells in zip(*columns):
            yield dict(zip(batch.column_names, cells))


def _cells(column: Any) -> list:
    import pyarrow.compute
    if not str(column.type).startswith('struct<bytes'):
        return [None if cell == '' else cell for cell in column.to_pylist()]
    held = pyarrow.compute.is_valid(pyarrow.compute.struct_field(column, 'bytes')).to_pylist()
    names = pyarrow.compute.struct_field(column, 'path').to_pylist()
    return [_Embedded(name or 'unnamed') if inside else name for inside, name in zip(held, names)]


def _label(cell: Any, names: list[str] | None) -> Any:
    if names is None or cell is None:
        return cell
    # The library writes -1 for a label that is not known.
    return names[cell] if cell >= 0 else None


def _class_names(splits: dict[str | None, Any], label: str) -> list[str] | None:
    first = next(iter(splits.values()))
    names = getattr(first.features[label], 'names', None)
    if names is not None:
        return list(names)
    # Over all splits, so that they agree about the classes.
    cells = {str(cell) for part in splits.values() for cell in part.unique(label)}
    if all(cell.isdecimal() for cell in cells):
        return list(map(str, range(max(map(int, cells)) + 1)))
    return sorted(cells)
