"""CREMA-D in its native layout, and another set in the same layout."""
from __future__ import annotations

import shutil
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import read_rows
from projects.bss.datasets.cremad import EMOTIONS, actor_of
from tests.native_audio_video import CREMAD_REAL, GRID_REAL, write_cremad, write_frames, write_sound

PIPELINE = [dict(type='LoadAudio'), dict(type='LoadImages'), dict(type='PackMultiModalInputs')]
LETTERS = string.ascii_lowercase.replace('w', '')


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cremad(tmp_path_factory.mktemp('data') / 'cremad')


def build(root: Path, **kwargs: Any) -> Any:
    return DATASETS.build(dict(type='CREMADDataset', data_root=str(root), **(dict(
        ann_file='annotations/train.csv', pipeline=PIPELINE) | kwargs)))


def own_root(root: Path, tmp_path: Path, text: str) -> Path:
    """A copy (of links) with another training list."""
    shutil.copytree(root, tmp_path / 'own', symlinks=True)
    (tmp_path / 'own/annotations/train.csv').write_bytes(text.encode())
    return tmp_path / 'own'


def test_records_hold_what_the_list_says(root: Path) -> None:
    dataset = build(root)
    assert [dataset.get_data_info(index)['gt_label'] for index in range(4)] == [5, 4, 3, 1]
    record = dataset.get_data_info(1)
    assert record['clip_id'] == '1001_DFA_DIS_XX'
    assert record['modalities'] == dict(
        audio=dict(path=f'{root}/AudioWAV/1001_DFA_DIS_XX.wav', format='audio'),
        video=dict(path=f'{root}/Image-01-FPS/1001_DFA_DIS_XX', format='frames'))
    assert dataset.metainfo['classes'] == ('NEU', 'HAP', 'SAD', 'FEA', 'DIS', 'ANG')


def test_clips_are_read(root: Path) -> None:
    inputs = build(root)[0]['inputs']
    assert inputs['audio'].shape == (66150, ) and 0.01 < inputs['audio'].abs().max() <= 1
    assert inputs['video'].shape[:2] == (3, 1) and inputs['video'].float().std() >= 0


def test_a_byte_order_mark_is_no_part_of_the_first_name(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, '\ufeff1001_DFA_SAD_XX,SAD\r\n')
    assert build(own).get_data_info(0)['clip_id'] == '1001_DFA_SAD_XX'


def test_another_set_in_the_same_layout(tmp_path: Path) -> None:
    source = GRID_REAL
    if not source.is_dir():
        source = tmp_path
        write_sound(source / 'AudioWAV/s1_a.wav')
        write_frames(source / 'Image-25-FPS/s1_a')
        (source / 'annotations').mkdir()
        (source / 'annotations/test.csv').write_text('s1_a,o\n')
    pipeline = [dict(type='LoadAudio', sample_rate=16000, seconds=0.6),
                dict(type='LoadImages', num_frames=12), dict(type='PackMultiModalInputs')]
    dataset = build(source, fps=25, classes=LETTERS, pipeline=pipeline,
                    ann_file='annotations/test.csv')
    assert dataset.get_data_info(0)['gt_label'] == 14
    assert dataset.metainfo['classes'][14] == 'o'
    inputs = dataset[0]['inputs']
    assert inputs['audio'].shape == (9600, ) and inputs['video'].shape == (3, 12, 72, 72)
    first, last = inputs['video'][:, 0].float(), inputs['video'][:, 11].float()
    assert (first - last).abs().mean() > 1


def test_actors_are_kept_by_number(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, '1001_DFA_SAD_XX,SAD\n1002_DFA_SAD_XX,SAD\n')
    dataset = build(own, actors=[1001, 1090])
    assert [dataset.get_data_info(index)['clip_id'] for index in range(len(dataset))] == [
        '1001_DFA_SAD_XX']
    with pytest.raises(ValueError, match=r'no clip of the actors asked for, \[1003\]'):
        build(own, actors=[1003])


def test_actors_need_numbered_clips(root: Path, tmp_path: Path) -> None:
    own = own_root(root, tmp_path, '1001_DFA_SAD_XX,SAD\ns1_sgac2n,SAD\n')
    with pytest.raises(ValueError, match="train.csv, line 2: a clip .* got 's1_sgac2n'"):
        build(own, actors=[1001])


def test_the_published_lists_share_their_actors() -> None:
    lists = {split: CREMAD_REAL / f'annotations/full_{split}.csv' for split in ('train', 'test')}
    if not lists['train'].is_file():
        assert actor_of('1088_IOM_NEU_XX') == 1088
        return
    rows = {split: [row for _, row in read_rows(path, ('clip', 'label'))]
            for split, path in lists.items()}
    assert {split: len(part) for split, part in rows.items()} == dict(train=6698, test=744)
    counts = [sum(row['label'] == name for row in rows['train']) for name in EMOTIONS]
    assert counts == [973, 1148, 1131, 1138, 1142, 1166]
    actors = {split: {actor_of(row['clip']) for row in part} for split, part in rows.items()}
    assert actors['train'] == actors['test'] == set(range(1001, 1092))


@pytest.mark.parametrize('text, message', [
    ('1001_DFA_SAD_XX,SAD\n1001_DFA_SAD_XX,SAT\n',
     "train.csv, line 2: Unknown label 'SAT'. Did you mean 'SAD'"),
    ('1001_DFA_SAD_XX;SAD\n', r'train.csv, line 1: the line must have 2 fields \(clip, label\)'),
])
def test_wrong_lines_are_named(root: Path, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(own_root(root, tmp_path, text))


def test_classes_are_checked(root: Path) -> None:
    with pytest.raises(ValueError, match=r"classes must be different names, got \('a', 'a'\)"):
        build(root, classes=['a', 'a'])


def test_a_missing_list_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='annotation list .* CREMA-D is obtained from'):
        build(tmp_path)


def test_random_views_are_a_function_of_seed_epoch_and_position(root: Path) -> None:
    pipeline = [dict(type='LoadAudio', seconds=0.5, window='random'),
                dict(type='LoadImages', choice='random'),
                dict(type='TransformImages', transforms=[dict(type='RandomResizedCrop', size=32)]),
                dict(type='PackMultiModalInputs')]
    dataset = build(root, pipeline=pipeline)

    def view(epoch: int, position: int = 2) -> tuple[np.ndarray, np.ndarray]:
        dataset.seed_views(7, epoch)
        inputs = dataset[position]['inputs']
        return inputs['audio'].numpy(), inputs['video'].numpy()

    first, other, again = view(0), view(1), view(0)
    assert all(map(np.array_equal, first, again))
    assert not np.array_equal(first[0], other[0])
