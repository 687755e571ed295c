"""Hugging Face data sets that were saved to disk."""
from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import datasets
import numpy as np
import pytest
import soundfile
from datasets import Audio, ClassLabel, Dataset, DatasetDict, Features, Image, Value
from mmengine.registry import DATASETS
from torch.utils.data import DataLoader

from projects.bss.datasets import HuggingFaceDataset

COLUMNS: dict[str, dict] = dict(
    photo=dict(column='image', format='image'), sound=dict(column='audio', format='audio'),
    note=dict(column='text', format='text'), size=dict(column=['w', 'h'], format='vector'))
PIPELINE = [dict(type='LoadImages', modality='photo'),
            dict(type='LoadAudio', modality='sound', sample_rate=8000, seconds=0.1),
            dict(type='LoadVector', modality='size'), dict(type='PackMultiModalInputs')]
LOADED = ('photo', 'sound', 'size')
NAMES = ['dog', 'ant']


def media(folder: Path, index: int) -> tuple[bytes, dict]:
    """A grey picture and a flat sound of the number ``index``, as files of their formats."""
    sound = folder / f'{index}.wav'
    soundfile.write(sound, np.full(800, 0.1 + index / 8), 8000)
    encoded, picture = cv2.imencode('.png', np.full((6, 4, 3), 40 * index))
    assert encoded
    return picture.tobytes(), dict(bytes=sound.read_bytes(), path=sound.name)


@pytest.fixture(scope='module')
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two splits of five and three rows; ``labels`` are names, ``label`` is a ``ClassLabel``."""
    folder = tmp_path_factory.mktemp('hf')
    pairs = [media(folder, index) for index in range(5)]
    features = Features(
        image=Image(), audio=dict(bytes=Value('binary'), path=Value('string')),
        text=Value('string'), w=Value('float32'), h=Value('int64'), label=ClassLabel(names=NAMES),
        labels=Value('string'))
    whole = Dataset.from_dict(dict(
        image=[dict(bytes=picture, path=None) for picture, _ in pairs],
        audio=[sound for _, sound in pairs], text=[f'text {index}' for index in range(5)],
        w=[0.5 * index for index in range(5)], h=list(range(5)), label=[1, 0, 0, 1, 1],
        labels=['c', 'a', 'b', 'a', 'b']), features=features)
    whole = whole.cast_column('audio', Audio(sampling_rate=8000))
    DatasetDict(train=whole, test=whole.select([1, 2, 4])).save_to_disk(str(folder / 'saved'))
    return folder / 'saved'


def build(path: Path | str, **kwargs: Any) -> HuggingFaceDataset:
    return DATASETS.build(dict(dict(type='HuggingFaceDataset', path=str(path), split='train',
                                    columns=COLUMNS), **kwargs))


def test_records_and_classes(saved: Path) -> None:
    dataset = build(saved)
    assert dataset.get_data_info(3) == dict(
        clip_id='row 3', gt_label=1, sample_idx=3, modalities=dict(
            photo=dict(file='unnamed', format='image', row=3, column='image'),
            sound=dict(file='3.wav', format='audio', row=3, column='audio'),
            note=dict(text='text 3', format='text'),
            size=dict(values=[1.5, 3.0], format='vector')))
    assert [dataset.get_data_info(i)['gt_label'] for i in range(5)] == [1, 0, 0, 1, 1]
    assert dataset.metainfo['classes'] == ('dog', 'ant')


def test_splits_agree_about_classes_that_are_names(saved: Path) -> None:
    test = build(saved, split='test', label='labels')
    assert test.metainfo['classes'] == ('a', 'b', 'c')
    assert [test.get_data_info(index)['gt_label'] for index in range(3)] == [0, 1, 1]
    numbers = build(saved, split='test', label='h')
    assert numbers.metainfo['classes'] == ('0', '1', '2', '3', '4')
    assert [numbers.get_data_info(index)['gt_label'] for index in range(3)] == [1, 2, 4]


@pytest.fixture
def short_folder() -> Iterator[str]:
    """The socket of a loader's worker lies below it, and its path may have 107 characters."""
    with tempfile.TemporaryDirectory(dir='/tmp') as folder:
        yield folder


def test_embedded_media_are_loaded_and_leave_nothing_behind(
        saved: Path, short_folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', short_folder)
    dataset = build(saved, pipeline=PIPELINE, modalities=LOADED, split='test')
    samples = list(DataLoader(dataset, batch_size=None, num_workers=1, timeout=60))
    for sample, index in zip(samples, [1, 2, 4]):
        assert sample['inputs']['photo'].shape == (3, 1, 6, 4)
        assert (sample['inputs']['photo'] == 40 * index).all()
        np.testing.assert_allclose(sample['inputs']['sound'], np.full(800, 0.1 + index / 8),
                                   atol=1e-4)
        assert sample['inputs']['size'].tolist() == [index / 2, index]
    assert dataset[0]['data_samples'].gt_labels.item.tolist() == [0]
    assert [file for file in Path(short_folder).iterdir() if file.is_file()] == []


def test_paths_of_files_outside(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((2, 3, 3), 9))
    Dataset.from_dict(dict(image=['a.png'], label=[0])).save_to_disk(str(tmp_path / 'saved'))
    dataset = build(tmp_path / 'saved', split=None, data_root=str(tmp_path), pipeline=[
        PIPELINE[0], PIPELINE[-1]], columns=dict(photo=COLUMNS['photo']))
    assert dataset.get_data_info(0)['modalities']['photo']['path'] == f'{tmp_path}/a.png'
    assert (dataset[0]['inputs']['photo'] == 9).all()


def test_absent_cells(saved: Path, tmp_path: Path) -> None:
    whole = datasets.load_from_disk(str(saved))['train'].cast_column('image', Image(decode=False))
    holed = whole.cast_column('audio', Audio(decode=False)).map(
        lambda row, index: dict(image=None if index == 1 else row['image'],
                                text='' if index == 2 else row['text']), with_indices=True,
        keep_in_memory=True)
    holed.save_to_disk(str(tmp_path / 'holed'))
    arguments: dict = dict(split=None, columns={name: COLUMNS[name] for name in ('photo', 'note')})
    with pytest.raises(ValueError, match="holed, row 1, column 'image': the cell is empty"):
        build(tmp_path / 'holed', **arguments)
    kept = build(tmp_path / 'holed', on_error='skip', **arguments)
    assert [kept.get_data_info(index)['clip_id'] for index in range(len(kept))] == [
        'row 0', 'row 3', 'row 4']


def test_a_label_that_is_not_known(tmp_path: Path) -> None:
    features = Features(text=Value('string'), label=ClassLabel(names=NAMES))
    unlabelled = Dataset.from_dict(dict(text=['a', 'b'], label=[0, -1]), features=features)
    unlabelled.save_to_disk(str(tmp_path / 'saved'))
    with pytest.raises(ValueError, match="saved, row 1, column 'label': the label is empty"):
        build(tmp_path / 'saved', split=None, columns=dict(note=COLUMNS['note']))


def test_the_fingerprint_follows_content_and_use(saved: Path) -> None:
    first = build(saved).fingerprint()
    assert build(saved).fingerprint() == first
    assert len({first, build(saved, split='test').fingerprint(),
                build(saved, label='labels').fingerprint(),
                build(saved, columns=dict(note=COLUMNS['note'])).fingerprint()}) == 4


def test_nothing_is_downloaded_unless_asked() -> None:
    with pytest.raises(FileNotFoundError, match="There is no folder 'owner/name', and no download "
                                                'is tried unless download=True'):
        build('owner/name')
    with pytest.raises(ValueError, match="revision must be given with download=True, got None "
                                         "for 'owner/name'; pin the commit"):
        build('owner/name', download=True)


def test_what_load_dataset_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, 'HF_DATASETS_CACHE', str(tmp_path / 'cache'))
    (tmp_path / 'files').mkdir()
    for split, row in dict(train='hello,b', test='world,a').items():
        (tmp_path / 'files' / f'{split}.csv').write_text(f'text,label\n{row}\n')
    # A folder of files is what the library takes without the hub.
    test = build(tmp_path / 'files', split='test', download=True, revision='main',
                 columns=dict(note=COLUMNS['note']))
    assert test.get_data_info(0)['modalities']['note']['text'] == 'world'
    assert test.metainfo['classes'] == ('a', 'b')


def test_wrong_split_or_column(saved: Path) -> None:
    with pytest.raises(ValueError, match=r"split must be one of \['train', 'test'\] of .* got "
                                         'None'):
        build(saved, split=None)
    with pytest.raises(ValueError, match="Unknown column 'picture'"):
        build(saved, columns=dict(photo=dict(column='picture', format='image')))


def test_without_the_library(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'datasets', None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'bss\[huggingface\]'"):
        build(saved)
