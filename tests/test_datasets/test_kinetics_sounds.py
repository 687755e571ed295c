"""Kinetics-Sounds: variants, order of the classes, lists."""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets.kinetics_sounds import CLASSES, VARIANTS
from tests.native_audio_video import KINETICS_CLASSES, write_kinetics_sounds


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_kinetics_sounds(tmp_path_factory.mktemp('data') / 'ks')


def build(root: Path, split: str = 'train', **kwargs: Any) -> Any:
    return DATASETS.build(dict(type='KineticsSoundsDataset', data_root=str(root), split=split, **(
        dict(ann_file=f'annotations/{split}.csv', serialize_data=False) | kwargs)))


def labels(dataset: Any) -> list[int]:
    return [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))]


def own_root(root: Path, tmp_path: Path, name: str, text: str) -> Path:
    shutil.copytree(root, tmp_path / 'own', symlinks=True)
    (tmp_path / 'own/annotations' / name).write_text(text)
    return tmp_path / 'own'


def test_the_class_list_is_the_published_one() -> None:
    assert len(CLASSES) == 31 and list(CLASSES) == sorted(set(CLASSES))
    assert (CLASSES[2], CLASSES[4], CLASSES[25]) == ('bowling', 'dribbling basketball', 'singing')
    assert set(VARIANTS['bss32'].classes) - set(CLASSES) == {'strumming guitar'}
    assert len(VARIANTS['bss32'].classes) == 32


def test_records_hold_what_the_list_says(root: Path) -> None:
    dataset = build(root, 'test')
    clip = '-kstest1_000010_000020'
    assert dataset.get_data_info(1)['clip_id'] == clip
    assert dataset.get_data_info(1)['modalities'] == dict(
        audio=dict(path=f'{root}/test_wav/{clip}.wav', format='audio'),
        video=dict(path=f'{root}/test_img/Image-01-FPS/{clip}', format='frames'))
    # tickling, bowling and singing in turn.
    assert labels(dataset) == [30, 2, 25, 30]
    assert dataset.metainfo['classes'] == CLASSES


def test_classes_may_go_by_first_appearance(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, 'unused.csv', '')
    # The first clip of the first class, tickling, has no sound: its second comes after the others.
    (own / 'train_wav/-kstrain0_000010_000020.wav').unlink()
    dataset = build(own, 'test', class_order='first_appearance')
    assert dataset.metainfo['classes'][:4] == ('bowling', 'singing', 'tickling', 'blowing nose')
    assert sorted(dataset.metainfo['classes']) == list(CLASSES)
    assert labels(dataset) == [2, 0, 1, 2]
    training = build(own, class_order='first_appearance', on_error='skip')
    assert labels(training) == [0, 1, 2, 0, 1]


def test_lists_with_class_indices(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, 'my_train.txt',
                   '-kstrain4_000010_000020,10,4\n-kstrain0_000010_000020,10,30\n')
    dataset = build(own, variant='ogm31', ann_file='annotations/my_train.txt')
    assert labels(dataset) == [4, 30]
    assert dataset.get_data_info(0)['clip_id'] == '-kstrain4_000010_000020'


def test_folders_may_have_other_names(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, 'unused.csv', '')
    (own / 'test_wav').rename(own / 'sound-test')
    dataset = build(own, 'test', data_prefix=dict(audio='sound-{split}'))
    assert dataset.get_data_info(0)['modalities']['audio']['path'].startswith(f'{own}/sound-test/')


@pytest.mark.parametrize('name, text, options, message', [
    ('train.csv', 'label,youtube_id\nbowling,a\nbowlling,b\n', {},
     "train.csv, line 3: Unknown label 'bowlling'. Did you mean 'bowling'"),
    ('train.csv', 'label,youtube_id\nstrumming guitar,a\n', {}, 'line 2: Unknown label'),
    ('train.csv', 'bowling,a\n', {}, r"line 1: the header .* lacks \['label', 'youtube_id'\]"),
    ('train.csv', 'a_1_2,10,31\n', dict(variant='ogm31'),
     r"line 1: the class index must lie in 0\.\.30, got '31'"),
    ('train.csv', 'a_1_2,bowling\n', dict(variant='ogm31'), 'line 1: the line must have 3 fields'),
])
def test_wrong_lines_are_named(root: Path, tmp_path: Path, name: str, text: str, options: dict,
                               message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(own_root(root, tmp_path, name, text), **options)


@pytest.mark.parametrize('options, message', [
    (dict(variant='bss33'), "Unknown variant 'bss33'. Did you mean 'bss3[12]'"),
    (dict(class_order='appearance'), "Unknown class_order 'appearance'. Did you mean 'first_app"),
    (dict(split='training'), "Unknown split 'training'. Did you mean 'train'"),
])
def test_arguments_are_checked(root: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(root, **dict(ann_file='annotations/train.csv') | options)


def test_the_order_of_appearance_needs_the_training_list(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="training list .*gone.csv'"):
        build(root, class_order='first_appearance', train_list='annotations/gone.csv')


def test_the_writer_has_every_class_in_training(root: Path) -> None:
    assert set(labels(build(root))) == {CLASSES.index(name) for name in KINETICS_CLASSES}
