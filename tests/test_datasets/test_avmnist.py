"""AV-MNIST in its native layout, clean and degraded."""
from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets import AVMNISTDataset
from projects.bss.datasets.audio import read_sound
from projects.bss.datasets.idx import read_idx
from tests.native_tables import IDX, write_avmnist

PIPELINE = [dict(type='LoadIdxImage'), dict(type='DegradeImage'),
            dict(type='LoadAudio', sample_rate=8000, seconds=1.0, extend='pad'),
            dict(type='AddBabble'), dict(type='PackMultiModalInputs')]


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_avmnist(tmp_path_factory.mktemp('data') / 'avmnist')


def build(root: Path, **kwargs: Any) -> AVMNISTDataset:
    return DATASETS.build(dict(dict(type='AVMNISTDataset', data_root=str(root),
                                    pipeline=PIPELINE), **kwargs))


def rows(root: Path, split: str) -> list[dict[str, str]]:
    with open(root / 'annotations' / f'{split}.csv', encoding='utf-8') as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_records_hold_what_the_annotations_say(root: Path, split: str) -> None:
    dataset, row = build(root, split=split), rows(root, split)[3]
    assert len(dataset) == len(rows(root, split))
    assert dataset.get_data_info(3) == dict(
        clip_id=row['id'], gt_label=int(row['label']), sample_idx=3, modalities=dict(
            image=dict(path=str(root / 'mnist' / IDX[row['image_split']]), format='idx',
                       index=int(row['image_index'])),
            audio=dict(path=str(root / row['audio']), format='audio')))


def test_a_clean_sample_is_the_recording(root: Path) -> None:
    sample, row = build(root)[5], rows(root, 'train')[5]
    images = read_idx(str(root / 'mnist' / IDX['train']))
    assert sample['inputs']['image'].shape == (1, 1, 28, 28)
    np.testing.assert_array_equal(sample['inputs']['image'][0, 0], images[int(row['image_index'])])
    sound = read_sound(str(root / row['audio']), 8000)[:8000]
    np.testing.assert_allclose(sample['inputs']['audio'][:len(sound)],
                               sound / np.abs(sound).max(), rtol=1e-6)
    assert not sample['inputs']['audio'][len(sound):].any()
    assert sample['data_samples'].gt_labels.item.tolist() == [int(row['label'])]


def test_limit_takes_the_first_rows_with_the_same_noise(root: Path) -> None:
    whole, few = build(root, version='skewed'), build(root, version='skewed', limit=7)
    assert len(few) == 7
    assert [few.get_data_info(i) for i in range(7)] == [whole.get_data_info(i) for i in range(7)]


def test_noise_is_a_function_of_version_and_id(root: Path) -> None:
    first, again = build(root, version='degraded'), build(root, version='degraded')
    first.seed_views(1, 0)
    again.seed_views(2, 9)
    for name in ('image', 'audio'):
        np.testing.assert_array_equal(first[4]['inputs'][name], again[4]['inputs'][name])
    noises = [build(root, version=version).get_data_info(i)['modalities']['audio']['babble']
              for version in ('degraded', 'skewed') for i in range(5)]
    assert len({(noise['seed'], *noise['talkers']) for noise in noises}) == 10
    assert len({build(root, version=version).fingerprint()
                for version in ('clean', 'degraded', 'skewed')}) == 3


def test_babble_is_of_other_digits_of_the_split(root: Path) -> None:
    labels = {Path(row['audio']).name: row['label'] for row in rows(root, 'val')}
    dataset = build(root, split='val', version='degraded')
    for index in range(len(dataset)):
        record = dataset.get_data_info(index)
        noise = record['modalities']['audio']['babble']
        assert len(noise['talkers']) == 4 and noise['snr_db'] == 0.0
        assert all(labels[name] != str(record['gt_label']) for name in noise['talkers'])


def test_versions_differ_where_they_should(root: Path) -> None:
    clean, degraded, skewed = (build(root, version=version)[2]['inputs']
                               for version in ('clean', 'degraded', 'skewed'))
    np.testing.assert_array_equal(clean['image'], skewed['image'])
    assert (clean['image'] != degraded['image']).float().mean() > 0.5
    correlations = [np.corrcoef(clean['audio'], noisy['audio'])[0, 1]
                    for noisy in (degraded, skewed)]
    # Sound and noise are nearly uncorrelated: 1 / sqrt(1 + noise power / sound power).
    np.testing.assert_allclose(correlations, [0.5**0.5, (1 + 10**0.5)**-0.5], atol=0.12)


def test_one_modality_needs_neither_files_nor_steps_of_the_other(root: Path,
                                                                 tmp_path: Path) -> None:
    shutil.copytree(root / 'annotations', tmp_path / 'annotations')
    (tmp_path / 'recordings').symlink_to((root / 'recordings').resolve())
    sample = build(tmp_path, modalities=('audio', ), version='degraded')[0]
    assert list(sample['inputs']) == ['audio']


def test_a_version_whose_noise_is_not_in_the_pipeline(root: Path) -> None:
    plain = [step for step in PIPELINE if step['type'] != 'AddBabble']
    with pytest.raises(ValueError, match="version 'skewed' needs the transform AddBabble in the "
                                         "pipeline, behind the one that loads 'audio'"):
        build(root, version='skewed', pipeline=plain)
    assert len(build(root, version='skewed', modalities=('image', ), pipeline=plain)) == 40


@pytest.mark.parametrize('arguments, message', [
    (dict(split='valid'), "Unknown split 'valid'. Did you mean 'val'"),
    (dict(version='skew'), "Unknown version 'skew'. Did you mean 'skewed'"),
    (dict(modalities=('images', )), "Unknown modality 'images'. Did you mean 'image'"),
    (dict(limit=0), 'limit must be at least 1 row or None for all, got 0'),
])
def test_wrong_arguments(root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(root, **arguments)


@pytest.mark.parametrize('line, message', [
    ('x,11,train,0,recordings/a.wav,a', "Unknown label '11'"),
    ('x,1,valid,0,recordings/a.wav,a', "image_split must be one of .* got 'valid'"),
    ('x,1,train,-1,recordings/a.wav,a', "image_index must be a whole number in 0..*got '-1'"),
    ('x,1,train,60000,recordings/a.wav,a', 'image_index must be a whole number'),
    ('x,1,train,0', 'the line must have 6 fields'),
])
def test_a_wrong_line_is_named(root: Path, tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / 'mnist').symlink_to((root / 'mnist').resolve())
    lines = (root / 'annotations' / 'train.csv').read_text().splitlines()[:2]
    (tmp_path / 'own.csv').write_text('\n'.join([*lines, line]))
    with pytest.raises(ValueError, match=f'own.csv, line 3: {message}'):
        build(tmp_path, ann_file='own.csv')


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='cannot find its annotation file.*Free Spoken '
                                                'Digit Dataset.*prepare.py'):
        build(tmp_path)
