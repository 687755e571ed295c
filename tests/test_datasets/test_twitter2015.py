"""Twitter2015 in its native layouts."""
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS

from projects.bss.datasets import Twitter2015Dataset
from projects.bss.datasets.images import read_image
from tests import native_text_image
from tests.native_text_image import write_fashion, write_tokenizers, write_twitter2015

HEADER = 'index\tLabel\tImageID\tString'


def build(root: Path, **kwargs: Any) -> Twitter2015Dataset:
    return DATASETS.build(dict(type='Twitter2015Dataset', data_root=str(root), **(
        dict(ann_file='annotations/train.tsv') | kwargs)))


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_twitter2015(tmp_path_factory.mktemp('data') / 'twitter')


@pytest.fixture
def own_root(tmp_path: Path) -> Path:
    """Two tweets about one picture."""
    (tmp_path / 'twitter2015_images').mkdir()
    (tmp_path / 'twitter2015_images/1.jpg').write_bytes(b'')
    (tmp_path / 'annotations').mkdir()
    write(tmp_path, HEADER, '1\t2\t1.jpg\tGreat "day', '2\t0\t1.jpg\tSad day')
    return tmp_path


def write(root: Path, *lines: str) -> None:
    (root / 'annotations/train.tsv').write_text('\n'.join(lines) + '\n', encoding='utf-8')


def test_records_hold_what_the_lines_say(own_root: Path) -> None:
    dataset = build(own_root)
    image = dict(path=f'{own_root}/twitter2015_images/1.jpg', format='image')
    assert [dataset.get_data_info(position) for position in range(len(dataset))] == [
        dict(clip_id='1.jpg:2', gt_label=2, sample_idx=0,
             modalities=dict(text=dict(text='Great "day', format='text'), image=image)),
        dict(clip_id='1.jpg:3', gt_label=0, sample_idx=1,
             modalities=dict(text=dict(text='Sad day', format='text'), image=image))]
    assert dataset.metainfo['classes'] == ('negative', 'neutral', 'positive')


def test_modalities_come_in_their_order_and_alone(own_root: Path) -> None:
    record = build(own_root, modalities=('image', 'text')).get_data_info(0)
    assert list(record['modalities']) == ['image', 'text']
    (own_root / 'twitter2015_images/1.jpg').unlink()
    assert list(build(own_root, modalities=('text', )).get_data_info(0)['modalities']) == ['text']
    with pytest.raises(FileNotFoundError, match='misses 2 files of its 2 samples'):
        build(own_root)


@pytest.mark.parametrize('numbers', [(1, 2, 3, 3), (1, 2, 2, 2)])
def test_the_target_of_a_tombert_file_is_filled_in(own_root: Path, numbers: tuple) -> None:
    names = [f'#{number} {name}'
             for number, name in zip(numbers, ('Label', 'ImageID', 'String', 'String'))]
    write(own_root, '\t'.join(['index', *names]), '1\t1\t1.jpg\t$T$ beats "X" , says $T$\tReal M')
    record = build(own_root).get_data_info(0)
    assert record['modalities']['text']['text'] == 'Real M beats "X" , says Real M'
    assert (record['gt_label'], record['clip_id']) == (1, '1.jpg:2')


def test_columns_may_have_other_names(own_root: Path) -> None:
    write(own_root, 'tweet\tsentiment\tphoto', 'So be it\t1\t1.jpg')
    columns = dict(image='photo', text='tweet', label='sentiment')
    record = build(own_root, columns=columns).get_data_info(0)
    assert record['modalities']['text']['text'] == 'So be it' and record['gt_label'] == 1
    with pytest.raises(ValueError, match=r"train.tsv, line 1: .* lacks \['ImageID', 'String'"):
        build(own_root)


@pytest.mark.parametrize('line, message', [
    ('1\t3\t1.jpg\tx', "train.tsv, line 3: Unknown label '3'.* one of: 0, 1, 2"),
    ('1\tpositive\t1.jpg\tx', "train.tsv, line 3: Unknown label 'positive'"),
    ('1\t2\t1.jpg', 'train.tsv, line 3: the line must have 4 fields .*, got 3'),
    ('1\t2\t1.jpg\tx\ty', 'train.tsv, line 3: the line must have 4 fields .*, got 5'),
])
def test_wrong_lines_are_named(own_root: Path, line: str, message: str) -> None:
    write(own_root, HEADER, '1\t2\t1.jpg\tx', line)
    with pytest.raises(ValueError, match=message):
        build(own_root)


@pytest.mark.parametrize('arguments, message', [
    (dict(modalities=('text', 'audio')), r"modalities must be among .*, got \['audio'\]"),
    (dict(columns=dict(tweet='x')), r"keys of columns among .*, got \['tweet'\]"),
])
def test_arguments_are_checked(own_root: Path, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(own_root, **arguments)


def test_a_missing_set_names_its_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="annotation file .*train.tsv'. Twitter2015 .* "
                       'TomBERT repository'):
        build(tmp_path)
    with pytest.raises(FileNotFoundError, match="class list '.*/names.txt'"):
        build(tmp_path, classes='names.txt')


@pytest.mark.parametrize('real', [True, False])
def test_the_product_set_is_read_by_config_alone(tmp_path: Path, real: bool,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    if not real:
        monkeypatch.setattr(native_text_image, 'FASHION_ROOT', tmp_path / 'nowhere')
    root = write_fashion(tmp_path / 'fashion')
    dataset = build(root, data_prefix=dict(image='images'), classes='annotations/classes.txt')
    assert len(dataset) == 12 and len(dataset.metainfo['classes']) == 24
    lines = (root / 'annotations/train.tsv').read_text(encoding='utf-8').splitlines()
    for position, line in enumerate(lines[1:]):
        _, label, image, title = line.split('\t')
        record = dataset.get_data_info(position)
        assert record['gt_label'] == int(label)
        assert record['modalities']['text']['text'] == title
        assert Path(record['modalities']['image']['path']) == root / 'images' / image


def test_a_batch_of_texts_and_pictures(root: Path, tmp_path: Path) -> None:
    vocabulary = write_tokenizers(tmp_path) / 'bert'
    dataset = build(root, pipeline=[
        dict(type='CleanText'), dict(type='Tokenize', tokenizer=vocabulary, max_length=8),
        dict(type='LoadImages', modality='image'), dict(type='PackMultiModalInputs')])
    words = (vocabulary / 'vocab.txt').read_text(encoding='utf-8').splitlines()
    sample, record = dataset[4], dataset.get_data_info(4)
    ids = sample['inputs']['text'].tolist()
    assert [words[ids[place]] for place in (0, 1, 2, -1)] == ['[CLS]', 'rt', 'shop', '[SEP]']
    assert len(ids) == 8
    picture = read_image(record['modalities']['image']['path'])
    np.testing.assert_array_equal(sample['inputs']['image'][:, 0].permute(1, 2, 0), picture)
    assert sample['data_samples'].gt_labels.item.tolist() == [record['gt_label']]


def test_the_fingerprint_is_that_of_texts_labels_and_pictures(root: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(root, tmp_path / 'own', symlinks=True))
    assert build(own).fingerprint() == build(root).fingerprint()
    text = (own / 'annotations/train.tsv').read_text(encoding='utf-8')
    (own / 'annotations/train.tsv').write_text(text.replace('so-so', 'so'), encoding='utf-8')
    assert build(own).fingerprint() != build(root).fingerprint()
