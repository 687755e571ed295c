"""Tables on disk."""
from __future__ import annotations

import sys
from pathlib import Path

import pandas
import pytest

from projects.bss.datasets.table_file import read_table


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding='utf-8')
    return path


def test_csv_with_quotes_empty_cells_and_a_byte_order_mark(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / 'a.csv', '\ufeffname,size\n"a, b",1.5\n\n"c\nd", \n'))
    assert table.columns == ('name', 'size')
    assert table.rows == (dict(name='a, b', size='1.5'), dict(name='c\nd', size=None))
    assert table.numbers == (2, 4)
    assert str(table.error(1, 'size', 'it is empty.')) == (
        f"{tmp_path}/a.csv, line 4, column 'size': it is empty.")


def test_quotes_are_text_in_tsv(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / 'a.tsv', 'name\tsize\n"big" one, two\t3\n'))
    assert table.rows == (dict(name='"big" one, two', size='3'), )


def test_parquet_keeps_types_and_knows_empty_cells(tmp_path: Path) -> None:
    frame = pandas.DataFrame({'name': ['a', None, ''], 'size': [1.5, float('nan'), 2],
                              'count': [1, 2, 3]})
    frame.to_parquet(tmp_path / 'a.parquet')
    table = read_table(tmp_path / 'a.parquet')
    assert list(table.rows) == [dict(name='a', size=1.5, count=1),
                                dict(name=None, size=None, count=2),
                                dict(name=None, size=2.0, count=3)]
    assert type(table.rows[0]['count']) is int
    assert str(table.error(2, 'name', 'no.')).endswith("a.parquet, row 3, column 'name': no.")


def test_parquet_without_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'pandas', None)
    with pytest.raises(ModuleNotFoundError, match=r"needs pandas and pyarrow.*pip install "
                                                  r"'bss\[table\]'"):
        read_table(tmp_path / 'a.parquet')


@pytest.mark.parametrize('name, text, message', [
    ('a.xlsx', '', "must be one of .*'.parquet'.*got .*a.xlsx"),
    ('a.csv', 'x,y\n', 'a.csv has no rows below its header'),
    ('a.csv', '', 'a.csv has no rows below its header'),
    ('a.csv', 'x,x\n1,2\n', r"a.csv, line 1: every column must have a name of its own, got "
                            r"\['x', 'x'\]"),
    ('a.csv', 'x,y\n1,2\n3\n', 'a.csv, line 3: the line must have 2 fields'),
])
def test_what_is_no_table(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_table(write(tmp_path / name, text))


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / 'a.csv', 'image,title\n1,2\n'))
    table.require(['title'])
    with pytest.raises(ValueError, match="a.csv: Unknown column 'images'. Did you mean 'image'"):
        table.require(['title', 'images'])
