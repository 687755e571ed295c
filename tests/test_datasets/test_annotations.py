"""Rows of annotation files and the sentences about lines that are wrong."""
from __future__ import annotations

from pathlib import Path

import pytest

from projects.bss.datasets.annotations import class_index, line_error, read_rows


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / 'list.csv'


def test_rows_without_header_are_named_by_position(file: Path) -> None:
    file.write_bytes('\ufeffa,NEU\r\n\r\n"b,c",HAP\r\n'.encode())
    assert list(read_rows(file, ('clip', 'label'))) == [
        (1, dict(clip='a', label='NEU')), (3, dict(clip='b,c', label='HAP'))]


def test_rows_with_header_take_the_named_columns(file: Path) -> None:
    file.write_text('index\tString\tLabel\n0\tsay "no\t2\n')
    rows = read_rows(file, ('Label', 'String'), delimiter='\t', header=True, quoted=False)
    assert list(rows) == [(2, dict(Label='2', String='say "no'))]


def test_further_fields_may_be_let_pass(file: Path) -> None:
    file.write_text('0,dog,/x,extra\n')
    assert list(read_rows(file, ('id', 'label'), more=True)) == [(1, dict(id='0', label='dog'))]


def test_the_line_number_is_that_of_the_first_line_of_a_row(file: Path) -> None:
    file.write_text('"two\nlines",x\nnext,y\n')
    assert [number for number, _ in read_rows(file, ('text', 'label'))] == [1, 3]


@pytest.mark.parametrize('text, options, message', [
    ('a,b\na\n', {}, r'list.csv, line 2: the line must have 2 fields \(x, y\), got 1'),
    ('a,b,c\n', {}, 'line 1: the line must have 2 fields .* got 3'),
    ('a\n', dict(more=True), 'line 1: the line must have at least 2 fields'),
    ('x,z\n1,2\n', dict(header=True), r"line 1: the header .* lacks \['y'\] \(it reads"),
    ('', dict(header=True), 'line 1: the header must name the columns'),
    ('a,b\n"a"c,b\n', {}, r'list.csv, line 2: the line cannot be parsed \('),
])
def test_a_wrong_line_is_named(file: Path, text: str, options: dict, message: str) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        list(read_rows(file, ('x', 'y'), **options))


def test_labels_are_looked_up(file: Path) -> None:
    assert class_index(dict(NEU=0, HAP=1), 'HAP', file, 4) == 1
    with pytest.raises(ValueError, match="list.csv, line 4: Unknown label 'HAPP'. Did you mean "
                                         "'HAP'.* Choose one of: HAP, NEU. Correct the line"):
        class_index(dict(NEU=0, HAP=1), 'HAPP', file, 4)


def test_the_error_of_a_line(file: Path) -> None:
    assert str(line_error(file, 7, 'no.')) == f'{file}, line 7: no.'
