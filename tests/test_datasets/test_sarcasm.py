"""Sarcasm in its native layout."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets import SarcasmDataset
from tests.native_text_image import write_sarcasm

GOOD = dict(image='data/1.jpg', text='Oh, great', label=1)


def build(root: Path, **kwargs: Any) -> SarcasmDataset:
    return DATASETS.build(dict(type='SarcasmDataset', data_root=str(root), **(
        dict(ann_file='train.json') | kwargs)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/1.jpg').write_bytes(b'')
    return tmp_path


def write(root: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (root / 'train.json').write_text(text, encoding='utf-8')


def test_records_hold_what_the_items_say(root: Path) -> None:
    write(root, [GOOD, dict(GOOD, label=0, image='1.jpg', text='Fine', more='ignored')])
    dataset = build(root)
    image = dict(path=f'{root}/images/1.jpg', format='image')
    assert [dataset.get_data_info(position) for position in range(len(dataset))] == [
        dict(clip_id='1.jpg:1', gt_label=1, sample_idx=0,
             modalities=dict(text=dict(text='Oh, great', format='text'), image=image)),
        dict(clip_id='1.jpg:2', gt_label=0, sample_idx=1,
             modalities=dict(text=dict(text='Fine', format='text'), image=image))]
    assert dataset.metainfo['classes'] == ('not sarcastic', 'sarcastic')
    assert list(build(root, modalities=('image', )).get_data_info(0)['modalities']) == ['image']


def test_the_native_layout_is_read(tmp_path: Path) -> None:
    root = write_sarcasm(tmp_path / 'sarcasm')
    for split, count in dict(train=12, test=6).items():
        dataset = build(root, ann_file=f'annotations/{split}_data.json')
        labels = [dataset.get_data_info(position)['gt_label'] for position in range(count)]
        assert len(dataset) == count and labels == [0, 1] * (count // 2)


@pytest.mark.parametrize('content, message', [
    ('[{"image": "1.jpg",\n "text": }]', 'train.json, line 2: the file cannot be parsed as json'),
    (dict(items=[GOOD]), 'must hold a json list of objects with the keys .*, got a dict'),
    ([GOOD, dict(image='1.jpg', label=0)], r"train.json, item 2: it must be an object .* got \{"),
    ([GOOD, 'text'], "item 2: it must be an object with the keys .*, got 'text'"),
    ([dict(GOOD, text=None)], 'item 1: text must be of type str, got None'),
    ([dict(GOOD, label='1')], "item 1: label must be of type int, got '1'"),
    ([dict(GOOD, label=True)], 'item 1: label must be of type int, got True'),
    ([GOOD, GOOD, dict(GOOD, label=2)], r'item 3: label must be 0 \(not sarcastic\) or .*, got 2'),
])
def test_wrong_items_are_named(root: Path, content: Any, message: str) -> None:
    write(root, content)
    with pytest.raises(ValueError, match=message):
        build(root)


def test_arguments_and_files_are_checked(root: Path) -> None:
    with pytest.raises(ValueError, match=r"modalities must be among .*, got \['video'\]"):
        build(root, modalities=('text', 'video'))
    with pytest.raises(FileNotFoundError, match="annotation file .*train.json'. Sarcasm .Cai"):
        build(root)
    write(root, [dict(GOOD, image='2.jpg')])
    with pytest.raises(FileNotFoundError, match=f'misses 1 files .*{root}/images/2.jpg'):
        build(root)
