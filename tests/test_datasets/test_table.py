"""A user's own table as a data set."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas
import pytest
import soundfile
from mmengine.registry import DATASETS
from scipy.io import savemat

from projects.bss.datasets import MultiModalTableDataset
from tests.data import write_numbered_video
from tests.native_tables import write_csv

HEADER = ('name', 'photo', 'said', 'note', 'w', 'h', 'film', 'from', 'to', 'trace', 'part', 'kind')
COLUMNS: dict[str, dict] = dict(
    photo=dict(column='photo', format='image', prefix='photos'),
    sound=dict(column='said', format='audio'),
    note=dict(column='note', format='text'),
    size=dict(column=['w', 'h'], format='vector'),
    film=dict(column='film', format='gray', start='from', end='to'),
    trace=dict(column='trace', format='array', key='x'))
PIPELINE = [
    dict(type='LoadImages', modality='photo'),
    dict(type='LoadAudio', modality='sound', sample_rate=8000, seconds=0.1),
    dict(type='LoadVector', modality='size'), dict(type='LoadArray', modality='trace'),
    dict(type='CountFrames'), dict(type='SampleWindow', length=None),
    dict(type='SampleCrop', resize=32, size=32), dict(type='LoadClip'),
    dict(type='PackMultiModalInputs')]
LOADED = ('photo', 'sound', 'size', 'film', 'trace')


def cells(index: int) -> dict[str, Any]:
    """Row of the table whose files are numbered ``index``."""
    return dict(name=f'item{index}', photo=f'{index}.png', said=f'{index}.wav',
                note=f'word, number {index}', w=index, h=index / 4, film=f'{index}.avi', to=7,
                trace=f'{index}.mat', part='train' if index < 3 else 'val',
                kind=('cat', 'ant', 'bee')[index % 3]) | {'from': index}


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('table')
    (folder / 'photos').mkdir()
    for index in range(5):
        cv2.imwrite(str(folder / 'photos' / f'{index}.png'), np.full((6, 4, 3), 40 * index))
        soundfile.write(folder / f'{index}.wav', np.full(800, 0.1 + index / 8), 8000)
        write_numbered_video(folder / f'{index}.avi', 10, step=20)
        savemat(folder / f'{index}.mat', dict(x=[[index, 1, 2]], y=0))
    write(folder, 'own.csv', [cells(index) for index in range(5)])
    return folder


def write(folder: Path, name: str, rows: list[dict]) -> str:
    write_csv(folder / name, HEADER, [['' if row[key] is None else row[key] for key in HEADER]
                                      for row in rows])
    return name


def build(root: Path, **kwargs: Any) -> MultiModalTableDataset:
    defaults = dict(type='MultiModalTableDataset', data_root=str(root), ann_file='own.csv',
                    columns=COLUMNS, label='kind', id='name')
    return DATASETS.build(dict(defaults, **kwargs))


def test_records_hold_what_the_row_says(root: Path) -> None:
    dataset = build(root)
    assert dataset.get_data_info(1) == dict(
        clip_id='item1', gt_label=0, sample_idx=1, modalities=dict(
            photo=dict(path=f'{root}/photos/1.png', file='1.png', format='image'),
            sound=dict(path=f'{root}/1.wav', file='1.wav', format='audio'),
            note=dict(text='word, number 1', format='text'),
            size=dict(values=[1.0, 0.25], format='vector'),
            film=dict(path=f'{root}/1.avi', file='1.avi', format='gray', start=1, end=7),
            trace=dict(path=f'{root}/1.mat', file='1.mat', format='array', key='x')))
    assert [dataset.get_data_info(index)['gt_label'] for index in range(5)] == [2, 0, 1, 2, 0]
    assert dataset.metainfo['classes'] == ('ant', 'bee', 'cat')


def test_every_kind_of_column_is_loaded(root: Path) -> None:
    inputs = build(root, pipeline=PIPELINE, modalities=LOADED)[2]['inputs']
    assert list(inputs) == list(LOADED)
    assert inputs['photo'].shape == (3, 1, 6, 4) and (inputs['photo'] == 80).all()
    np.testing.assert_allclose(inputs['sound'], np.full(800, 0.35), atol=1e-4)
    assert inputs['size'].tolist() == [2.0, 0.5]
    np.testing.assert_allclose(inputs['film'][0, :, 16, 16], [40, 60, 80, 100, 120], atol=3)
    assert inputs['trace'].tolist() == [2, 1, 2]


def test_a_whole_video_is_counted(root: Path) -> None:
    columns = dict(film=dict(column='film', format='gray'))
    dataset = build(root, columns=columns, pipeline=PIPELINE)
    assert dataset.get_data_info(4)['modalities']['film'] == dict(
        path=f'{root}/4.avi', file='4.avi', format='gray')
    np.testing.assert_allclose(dataset[4]['inputs']['film'][0, :, 16, 16],
                               20 * np.arange(10), atol=3)


def test_parquet_and_csv_are_the_same_data_set(root: Path, tmp_path: Path) -> None:
    pandas.DataFrame([cells(index) for index in range(5)]).to_parquet(tmp_path / 'own.parquet')
    same = build(root, ann_file=str(tmp_path / 'own.parquet'))
    assert same.fingerprint() == build(root).fingerprint()


@pytest.mark.parametrize('change', [dict(w=9), dict(note='other'), dict(photo='3.png'),
                                    dict(kind='bee'), dict(name='other')])
def test_the_fingerprint_covers_every_cell_in_use(root: Path, tmp_path: Path,
                                                  change: dict) -> None:
    changed = [cells(0) | change, *(cells(index) for index in range(1, 5))]
    file = str(tmp_path / write(tmp_path, 'changed.csv', changed))
    assert build(root, ann_file=file).fingerprint() != build(root).fingerprint()


def test_filter_keeps_the_classes_of_the_whole_table(root: Path) -> None:
    val = build(root, filter=dict(part='val', w=[3, 7]))
    assert [val.get_data_info(index)['clip_id'] for index in range(len(val))] == ['item3']
    assert val.metainfo['classes'] == ('ant', 'bee', 'cat')
    with pytest.raises(ValueError, match="own.csv has no row with {'part': 'dev'}"):
        build(root, filter=dict(part='dev'))


class TestLabels:

    def labels(self, root: Path, tmp_path: Path, kinds: list, **kwargs: Any) -> list[int]:
        rows = [cells(index) | dict(kind=kind) for index, kind in enumerate(kinds)]
        file = str(tmp_path / write(tmp_path, 'labels.csv', rows))
        dataset = build(root, ann_file=file, **kwargs)
        self.classes = dataset.metainfo['classes']
        return [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))]

    def test_numbers_stand_for_themselves(self, root: Path, tmp_path: Path) -> None:
        assert self.labels(root, tmp_path, [2, '00', 1]) == [2, 0, 1]
        assert self.classes == ('0', '1', '2')

    def test_numbers_of_named_classes(self, root: Path, tmp_path: Path) -> None:
        assert self.labels(root, tmp_path, [1, 0], classes=['x', 'y', 'z']) == [1, 0]
        assert self.classes == ('x', 'y', 'z')

    def test_classes_that_are_called_by_numbers(self, root: Path, tmp_path: Path) -> None:
        assert self.labels(root, tmp_path, [3, 1], classes=['1', '2', '3']) == [2, 0]

    def test_a_file_of_classes(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / 'classes.txt').write_text('dog\ncat\n\n')
        file = str(tmp_path / 'classes.txt')
        assert self.labels(root, tmp_path, ['cat', 'dog'], classes=file) == [1, 0]
        with pytest.raises(FileNotFoundError, match="there is no file '.*none.txt'"):
            self.labels(root, tmp_path, ['cat'], classes='none.txt')

    @pytest.mark.parametrize('kinds, classes, message', [
        (['cat', ''], None, "line 3, column 'kind': the label is empty"),
        (['cat', 'dgo'], ['cat', 'dog'], "line 3, column 'kind': Unknown class 'dgo'. Did you "
                                         "mean 'dog'"),
        (['0', '2'], ['cat', 'dog'], "line 3, column 'kind': Unknown class '2'"),
        (['cat'], ['cat', 'cat'], r"classes must differ, but \['cat'\] occur twice"),
    ])
    def test_wrong_labels(self, root: Path, tmp_path: Path, kinds: list, classes: Any,
                          message: str) -> None:
        with pytest.raises(ValueError, match=message):
            self.labels(root, tmp_path, kinds, classes=classes)


class TestAbsentCells:

    @pytest.fixture
    def holed(self, root: Path, tmp_path: Path) -> str:
        rows = [cells(0), cells(1) | dict(photo=None), cells(2) | dict(h=None), cells(3)]
        return str(tmp_path / write(tmp_path, 'holed.csv', rows))

    def test_raise_names_file_row_and_column(self, root: Path, holed: str) -> None:
        with pytest.raises(ValueError, match="holed.csv, line 3, column 'photo': the cell is "
                                             "empty, so modality 'photo' is absent"):
            build(root, ann_file=holed)

    def test_skip_leaves_such_rows_out(self, root: Path, holed: str) -> None:
        dataset = build(root, ann_file=holed, on_error='skip')
        assert [dataset.get_data_info(i)['clip_id'] for i in range(len(dataset))] == [
            'item0', 'item3']

    def test_mask_keeps_them(self, root: Path, holed: str) -> None:
        dataset = build(root, ann_file=holed, on_error='mask', pipeline=PIPELINE,
                        modalities=('photo', 'size'))
        samples = [dataset[index] for index in range(4)]
        assert [sample['data_samples'].get('absent', ()) for sample in samples] == [
            (), ('photo', ), ('size', ), ()]
        assert samples[1]['inputs']['photo'].shape == (3, 1, 6, 4)
        assert not samples[1]['inputs']['photo'].any() and not samples[2]['inputs']['size'].any()
        assert samples[1]['inputs']['size'].tolist() == [1, 0.25]

    def test_a_missing_file(self, root: Path, tmp_path: Path) -> None:
        file = str(tmp_path / write(tmp_path, 'gone.csv', [cells(0), cells(1) | dict(said='no')]))
        with pytest.raises(FileNotFoundError, match='misses 1 files.*no.*The table names these'):
            build(root, ann_file=file)


@pytest.mark.parametrize('change, message', [
    (dict(w='wide'), "line 2, column 'w': the cell must be a number, got 'wide'"),
    (dict(w='inf'), "line 2, column 'w': the number must be finite, got 'inf'"),
    ({'from': 1.5}, "line 2, column 'from': a frame number must be a whole number from 0, got"),
    (dict(to=0), "line 2, column 'to': the clip must end after its first frame 0, got 0"),
])
def test_a_wrong_cell(root: Path, tmp_path: Path, change: dict, message: str) -> None:
    file = str(tmp_path / write(tmp_path, 'wrong.csv', [cells(0) | change]))
    with pytest.raises(ValueError, match=f'wrong.csv, {message}'):
        build(root, ann_file=file)


@pytest.mark.parametrize('arguments, message', [
    (dict(columns=dict(a=dict(column='photo', format='picture'))), r"columns\['a'\]: Unknown "
                                                                   "format 'picture'"),
    (dict(columns=dict(a=dict(format='image'))), r"columns\['a'\] of format 'image' must name a "
                                                 "column"),
    (dict(columns=dict(a=dict(column='note', format='text', key='x'))), 'may have the entries '
                                                                        r"\['column', 'format'\]"),
    (dict(columns=dict(a=dict(column='photos', format='image'))), "Unknown column 'photos'. Did "
                                                                  "you mean 'photo'"),
    (dict(label='kid'), "Unknown column 'kid'"),
    (dict(modalities=['film', 'movie']), r"modalities must be entries of columns.*got \['movie'\]"),
])
def test_wrong_arguments(root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(root, **arguments)


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot find its table '.*own.csv'"):
        build(tmp_path)
