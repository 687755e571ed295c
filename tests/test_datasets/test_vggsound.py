"""VGGSound in the two layouts that are in circulation."""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets.vggsound import read_encoding
from tests.native_audio_video import write_vggsound


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_vggsound(tmp_path / 'vgg')


def build(root: Path, **kwargs: Any) -> Any:
    return DATASETS.build(dict(type='VGGSoundDataset', data_root=str(root),
                               **(dict(ann_file='test.csv', serialize_data=False) | kwargs)))


def labels(dataset: Any) -> list[int]:
    return [dataset.get_data_info(index)['gt_label'] for index in range(len(dataset))]


def ogm_root(root: Path) -> Path:
    """Rename two clips to the layout of OGM-GE."""
    for clip, start in (('_vggtrain0_000030', 30), ('_vggtest0_000030', 4)):
        name = clip.replace('000030', str(start))
        shutil.move(root / f'AudioWAV/{clip}.wav', root / f'AudioWAV/{name}.wav')
        (root / f'Image-01-FPS/{clip}').rename(root / f'Image-01-FPS/{name}.mp4')
    (root / 'vggsound.csv').write_text('_vggtrain0,30,"rain, heavy",train\n'
                                       '_vggtest0,4,"rain, heavy",test\nx,1,dog barking,train\n')
    return root


def test_records_of_the_layout_of_the_authors(root: Path) -> None:
    dataset = build(root)
    assert dataset.get_data_info(1)['clip_id'] == '_vggtest1_000030'
    assert dataset.get_data_info(1)['modalities'] == dict(
        audio=dict(path=f'{root}/AudioWAV/_vggtest1_000030.wav', format='audio'),
        video=dict(path=f'{root}/Image-01-FPS/_vggtest1_000030', format='frames'))
    assert labels(dataset) == [0, 1, 2, 0]
    assert dataset.metainfo['classes'] == ('dog barking', 'playing banjo', 'rain')


def test_records_of_the_layout_of_ogm(root: Path) -> None:
    dataset = build(ogm_root(root), variant='ogm', split='test', ann_file='vggsound.csv')
    assert len(dataset) == 1
    record = dataset.get_data_info(0)
    assert (record['clip_id'], record['gt_label']) == ('_vggtest0_4', 1)
    assert record['modalities'] == dict(
        audio=dict(path=f'{root}/AudioWAV/_vggtest0_4.wav', format='audio'),
        video=dict(path=f'{root}/Image-01-FPS/_vggtest0_4.mp4', format='frames'))
    # Both splits count their classes over the whole list.
    training = build(root, variant='ogm', split='train', ann_file='vggsound.csv', on_error='skip')
    assert labels(training) == [1]
    assert training.metainfo['classes'] == dataset.metainfo['classes'] == ('dog barking',
                                                                           'rain, heavy')


def test_numbers_of_the_encoding_may_begin_anywhere(root: Path) -> None:
    (root / 'codes.json').write_text('{"rain": 1, "playing banjo": 3, "dog barking": 2}')
    assert read_encoding(root / 'codes.json') == ('rain', 'dog barking', 'playing banjo')
    assert labels(build(root, class_file='codes.json')) == [1, 2, 0, 1]


@pytest.mark.parametrize('text, message', [
    ('[1, 2]', 'must map class names to different whole numbers'), ('{}', 'must map class names'),
    ('{"a": 1, "b": 1}', 'to different whole numbers'), ('{"a": "1"}', 'whole numbers'),
    ('{"a": ', r'label_encoding.json must be JSON \('),
])
def test_a_wrong_encoding_is_named(root: Path, text: str, message: str) -> None:
    (root / 'label_encoding.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        build(root)


@pytest.mark.parametrize('text, options, message', [
    ('0,rain,/a\n1,rains,/b\n', {}, "test.csv, line 2: Unknown label 'rains'. Did you mean 'rain'"),
    ('0,rain\n', {}, 'test.csv, line 1: the line must have at least 3 fields'),
    ('0,rain,/\n', {}, "line 1: the third column must be .* got '/'"),
    ('a,1,rain,training\n', dict(variant='ogm', split='test'),
     "test.csv, line 1: the split must be one of .* got 'training'"),
    ('a,1,rain\n', dict(variant='ogm', split='test'), 'line 1: the line must have 4 fields'),
])
def test_wrong_lines_are_named(root: Path, text: str, options: dict, message: str) -> None:
    (root / 'test.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        build(root, **options)


@pytest.mark.parametrize('options, message', [
    (dict(variant='ogn'), "Unknown variant 'ogn'. Did you mean 'ogm'"),
    (dict(variant='ogm'), "variant='ogm' needs split to be one of .* got None"),
])
def test_arguments_are_checked(root: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(root, **options)


def test_a_missing_class_file_names_the_source(root: Path) -> None:
    (root / 'label_encoding.json').unlink()
    with pytest.raises(FileNotFoundError, match='its class file .* VGGSound is obtained by'):
        build(root)
