"""Samples that lack modalities stay, with zeros in their place."""
from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from projects.bss.datasets import (DropModality, MultiModalDataset, NVGestureDataset,
                                   PackMultiModalInputs, UnreadableSampleError)
from projects.bss.datasets.transforms import StreamLoader
from projects.bss.engine.dataset_view import with_pipeline

NAMES = ('sound', 'words', 'marks')


class NoteDataset(MultiModalDataset):
    """Five samples of a file, a text and numbers."""

    def load_data_list(self) -> list[dict]:
        return [dict(clip_id=f'note{index}', gt_label=index % 2,
                     modalities={name: self.streams(index)[name] for name in self.modalities})
                for index in range(5)]

    def streams(self, index: int) -> dict[str, dict]:
        return dict(sound=dict(path=f'{self.data_root}/{index}.txt', format='audio'),
                    words=dict(text=f'w{index}', format='text'),
                    marks=dict(values=[index, 1.], format='vector'))


class EmptyCells(NoteDataset):
    """Some of them are empty, in each of the ways that a record can say so."""

    def streams(self, index: int) -> dict[str, dict]:
        empty = {1: dict(marks=dict(format='vector', absent=True)),
                 2: dict(words=dict(text=' ', format='text')),
                 3: dict(words=dict(text=None, format='text'))}
        return super().streams(index) | empty.get(index, {})


class LoadSound(StreamLoader):
    """Three numbers after the one in the file, and a random one."""

    def __init__(self, length: int = 4) -> None:
        super().__init__('sound')
        self.length = length

    def load(self, stream: dict) -> np.ndarray:
        text = Path(stream['path']).read_text()
        if not text.isdigit():
            raise UnreadableSampleError(f'{stream["path"]} is no sound.')
        return np.append(np.arange(self.length - 1) + int(text), np.random.rand()).astype('f4')


class LoadWords(StreamLoader):
    """Characters, as small integers."""

    def load(self, stream: dict) -> np.ndarray:
        return np.array(list(stream['text'].encode()), np.uint8)


class LoadMarks(StreamLoader):
    """Numbers as they are."""

    def load(self, stream: dict) -> np.ndarray:
        return np.array(stream['values'])


PIPELINE = [LoadSound(), LoadWords('words'), LoadMarks('marks'), PackMultiModalInputs()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for index in range(5):
        (tmp_path / f'{index}.txt').write_text(f'{index}')
    return tmp_path


def build(root: Path, reader: type[NoteDataset] = NoteDataset, **kwargs: Any) -> NoteDataset:
    return reader(**dict(dict(modalities=NAMES, data_root=str(root), pipeline=PIPELINE,
                              on_error='mask'), **kwargs))


def absent(sample: dict) -> tuple[str, ...]:
    return sample['data_samples'].get('absent', ())


def warnings(log: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in log.records if record.levelno == logging.WARNING]


def test_a_complete_set_is_read_as_under_the_other_policies(root: Path,
                                                            log: pytest.LogCaptureFixture) -> None:
    masked, strict = build(root), build(root, on_error='raise')
    for position in range(5):
        sample = masked[position]
        assert 'absent' not in sample['data_samples']
        assert all(torch.equal(x[:3], strict[position]['inputs'][name][:3])
                   for name, x in sample['inputs'].items())
    assert masked.fingerprint() == strict.fingerprint() and not warnings(log)


def test_missing_files_and_empty_cells_become_zeros_of_the_usual_shape(
        root: Path, log: pytest.LogCaptureFixture) -> None:
    (root / '1.txt').unlink()
    dataset = build(root, EmptyCells)
    assert [absent(dataset[i]) for i in range(5)] == [
        (), ('sound', 'marks'), ('words', ), ('words', ), ()]
    one, two = dataset[1]['inputs'], dataset[2]['inputs']
    assert list(one) == list(two) == list(NAMES)
    assert one['sound'].tolist() == [0] * 4 and one['sound'].dtype == torch.float32
    assert one['marks'].tolist() == [0, 0] and one['marks'].dtype == torch.float64
    assert two['words'].tolist() == [0, 0] and two['words'].dtype == torch.uint8
    assert bytes(one['words'].tolist()) == b'w1'
    assert two['sound'][:3].tolist() == [2, 3, 4] and two['marks'].tolist() == [2, 1]
    assert warnings(log) == [
        'EmptyCells masks absent modalities of 5 samples: sound in 1, marks in 1, words in 2. It '
        'leaves out 0 samples that have none.']


def test_blanks_of_two_samples_share_no_memory(root: Path) -> None:
    dataset = build(root, EmptyCells)
    dataset[2]['inputs']['words'].add_(1)
    assert dataset[3]['inputs']['words'].tolist() == [0, 0]


def test_a_sample_without_any_modality_is_left_out(root: Path,
                                                   log: pytest.LogCaptureFixture) -> None:
    (root / '3.txt').unlink()
    dataset = build(root, EmptyCells, modalities=('sound', 'words'))
    assert [dataset.get_data_info(i)['clip_id'] for i in range(len(dataset))] == [
        'note0', 'note1', 'note2', 'note4']
    assert 'It leaves out 1 samples that have none.' in warnings(log)[-1]


def test_a_modality_that_no_sample_has(root: Path) -> None:
    for index in range(5):
        (root / f'{index}.txt').unlink()
    with pytest.raises(FileNotFoundError, match='misses 5 files of its 5 samples .modalities sou'):
        build(root)


def test_an_empty_cell_under_the_strict_policy(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="'marks of note1', 'words of note3'"):
        build(root, EmptyCells, on_error='raise')
    assert len(build(root, EmptyCells, on_error='skip')) == 3  # a blank text is a text


def test_a_corrupt_file_is_absent_and_named_once(root: Path,
                                                 log: pytest.LogCaptureFixture) -> None:
    (root / '0.txt').write_text('corrupt')
    dataset = build(root)
    for _ in range(2):
        sample = dataset[0]
        assert absent(sample) == ('sound', ) and sample['data_samples'].sample_idx == 0
        assert sample['inputs']['sound'].tolist() == [0] * 4
        assert sample['inputs']['marks'].tolist() == [0, 1]
    assert warnings(log) == [
        f"Sample 0 of NoteDataset goes on without its 'sound': {root}/0.txt is no sound."]


def test_where_nothing_decodes_the_next_sample_comes(root: Path) -> None:
    (root / '2.txt').write_text('corrupt')
    sample = build(root, modalities=('sound', ))[2]
    assert sample['data_samples'].sample_idx == 3 and absent(sample) == ()


def test_a_modality_of_which_no_file_decodes(root: Path) -> None:
    for index in range(5):
        (root / f'{index}.txt').write_text('corrupt')
    with pytest.raises(FileNotFoundError, match="None of the 5 samples of NoteDataset has a 'sou"):
        build(root)[1]


def test_a_view_is_the_same_before_and_after_its_fault_is_known(root: Path) -> None:
    (root / '2.txt').write_text('corrupt')
    dataset, again = build(root), build(root)
    for each in (dataset, again):
        each.seed_views(seed=3, epoch=1)
    first = [dataset[i]['inputs']['sound'][3] for i in (2, 0, 1, 2)]
    assert [again[i]['inputs']['sound'][3] for i in (2, 0, 1, 2)] == first
    assert first[1] != first[2]


def test_workers_mask_too(root: Path) -> None:
    (root / '2.txt').write_text('corrupt')
    loader = DataLoader(build(root), batch_size=5, num_workers=1, collate_fn=list)
    assert [absent(sample) for sample in next(iter(loader))] == [(), (), ('sound', ), (), ()]


def test_a_view_with_another_pipeline_has_blanks_of_its_own(root: Path) -> None:
    (root / '1.txt').unlink()
    dataset = build(root)
    assert len(dataset[1]['inputs']['sound']) == 4
    view = with_pipeline(dataset, [LoadSound(length=9), *PIPELINE[1:]])
    assert len(view[1]['inputs']['sound']) == 9
    assert len(dataset[1]['inputs']['sound']) == 4


def test_the_fingerprint_sees_what_is_absent(root: Path) -> None:
    whole = build(root).fingerprint()
    (root / '1.txt').unlink()
    assert build(root).fingerprint() != whole
    (root / '1.txt').write_text('1')
    assert build(root).fingerprint() == whole


def test_a_clip_of_nvgesture_without_depth(miniature_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(miniature_root, tmp_path / 'own')
    pipeline = [dict(type='SampleWindow', length=4), dict(type='SampleCrop', resize=32, size=28),
                dict(type='LoadClip'), dict(type='PackMultiModalInputs')]
    options = dict(data_root=str(root), ann_file='nvgesture_train_correct_v2.lst', num_classes=4,
                   pipeline=pipeline)
    whole = NVGestureDataset(**options)
    streams = whole.get_data_info(3)['modalities']
    expected = whole[3]['inputs']
    Path(streams['depth']['path']).write_bytes(b'no video')
    Path(streams['rgb']['path']).unlink()
    sample = NVGestureDataset(**options, on_error='mask')[3]
    assert absent(sample) == ('rgb', 'depth')
    assert torch.equal(sample['inputs']['flow'], expected['flow'])
    for name in ('rgb', 'depth'):
        assert sample['inputs'][name].shape == expected[name].shape
        assert sample['inputs'][name].dtype == torch.uint8 and not sample['inputs'][name].any()


class TestDropModality:

    def records(self, transform: DropModality, count: int, names: tuple = NAMES) -> list[list]:
        return [list(transform(dict(modalities=dict.fromkeys(names)))['modalities'])
                for _ in range(count)]

    def test_always(self) -> None:
        drop = DropModality(['words', 'sound'])
        assert self.records(drop, 3) == [['marks']] * 3
        assert self.records(drop, 1, ('marks', 'words')) == [['marks']]
        assert self.records(drop, 1, ('words', )) == [['words']]

    def test_by_chance_and_never_all(self) -> None:
        np.random.seed(0)
        left = self.records(DropModality(NAMES, probability=0.5), 2000)
        assert all(left)
        shares = [sum(name in names for names in left) / 2000 for name in NAMES]
        # Half, and a third of the eighth in which all would go.
        assert shares == pytest.approx([0.5 + 1 / 24] * 3, abs=0.03)
        assert self.records(DropModality(NAMES, probability=0), 2) == [list(NAMES)] * 2

    @pytest.mark.parametrize('policy', ['raise', 'skip', 'mask'])
    def test_the_data_set_packs_zeros_and_loads_nothing(self, root: Path, policy: str) -> None:
        (root / '3.txt').write_text('corrupt')
        dataset = build(root, pipeline=[DropModality(['sound']), *PIPELINE], on_error=policy)
        sample = dataset[3]
        assert absent(sample) == ('sound', ) and sample['data_samples'].sample_idx == 3
        assert sample['inputs']['sound'].tolist() == [0] * 4
        assert sample['inputs']['marks'].tolist() == [3, 1]

    @pytest.mark.parametrize('arguments, message', [
        (([], ), 'modalities must be a list of names, at least one, got'),
        (('rgb', ), "a list of names, at least one, got 'rgb'"),
        ((['rgb'], 1.5), r'probability must lie in \[0, 1\], got 1.5')])
    def test_refusals(self, arguments: tuple, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            DropModality(*arguments)
