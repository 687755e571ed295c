"""Policies of the common base: missing files, unreadable samples, identity."""
from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

from projects.bss.datasets import MultiModalDataset, UnreadableSampleError


class LetterDataset(MultiModalDataset):
    """Three samples, each with a text and a file that holds a letter."""

    obtain = 'Letters are obtained from the alphabet.'
    substitute_command = 'make letters'
    derive_commands = {'letter': 'type {data_root}'}
    labels: Sequence[int] = (0, 1, 0)

    def load_data_list(self) -> list[dict]:
        return [dict(clip_id=f'clip{index}', gt_label=label, modalities=dict(
            letter=dict(path=f'{self.data_root}/{index}.txt', start=index, end=index + 1),
            text=dict(words='w')))
            for index, label in enumerate(self.labels)]


def read_letter(results: dict) -> dict:
    path = results['modalities']['letter']['path']
    letter = Path(path).read_text()
    if letter == 'corrupt':
        raise UnreadableSampleError(f'{path} is corrupt.')
    return dict(letter=letter, sample_idx=results['sample_idx'])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for index, letter in enumerate('abc'):
        (tmp_path / f'{index}.txt').write_text(letter)
    return tmp_path


def build(root: Path, **kwargs: Any) -> LetterDataset:
    return LetterDataset(modalities=('letter', 'text'), data_root=str(root),
                         pipeline=[read_letter], **kwargs)


def test_a_complete_set_is_read(root: Path) -> None:
    dataset = build(root)
    assert [dataset[index]['letter'] for index in range(3)] == ['a', 'b', 'c']


@pytest.mark.parametrize('on_error', ['raise', 'skip', 'mask'])
def test_iteration_ends_with_the_last_sample(root: Path, on_error: str) -> None:
    dataset = build(root, on_error=on_error)
    assert [sample['letter'] for sample in dataset] == ['a', 'b', 'c']
    with pytest.raises(IndexError):
        dataset[3]


def test_a_missing_file_stops_with_the_remedies(root: Path) -> None:
    (root / '1.txt').unlink()
    with pytest.raises(FileNotFoundError) as error:
        build(root)
    assert str(error.value) == (
        f"LetterDataset misses 1 files of its 3 samples (modalities letter): '{root}/1.txt'. "
        f"The files of 'letter' are computed with `type {root}`. Letters are obtained from the "
        'alphabet. To try everything without it, write generated data with `make letters` and use '
        'the configs made for that. To go on without incomplete samples set '
        "on_error='skip', to keep what there is of them 'mask'.")


def test_at_most_five_missing_files_are_named(tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LetterDataset, 'labels', (0,) * 7)
    with pytest.raises(FileNotFoundError, match='misses 7 files of its 7 samples') as error:
        build(tmp_path)
    assert "4.txt', ..." in str(error.value) and '5.txt' not in str(error.value)


def test_skip_leaves_incomplete_samples_out(root: Path, log: pytest.LogCaptureFixture) -> None:
    (root / '1.txt').unlink()
    dataset = build(root, on_error='skip')
    assert [dataset.get_data_info(index)['clip_id'] for index in range(len(dataset))] \
        == ['clip0', 'clip2']
    assert dataset[1] == dict(letter='c', sample_idx=1)
    assert 'leaves out 1 of 3 samples with missing files: clip1.' in log.text


def test_skip_does_not_make_an_empty_set(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='misses 3 files') as error:
        build(tmp_path, on_error='skip')
    assert 'on_error' not in str(error.value)


def test_a_corrupt_file_stops_and_is_named(root: Path) -> None:
    (root / '2.txt').write_text('corrupt')
    dataset = build(root)
    message = rf"Sample 2 \(clip 'clip2'\) of LetterDataset cannot be read: {root}/2.txt is corrupt"
    with pytest.raises(UnreadableSampleError, match=message):
        dataset[2]


def test_a_corrupt_file_stops_in_a_worker_too(root: Path) -> None:
    (root / '0.txt').write_text('corrupt')
    loader = DataLoader(build(root), batch_size=1, num_workers=1)
    with pytest.raises(UnreadableSampleError, match="clip 'clip0'"):
        next(iter(loader))


def test_skip_gives_the_next_sample_under_its_own_index(root: Path,
                                                        log: pytest.LogCaptureFixture) -> None:
    (root / '1.txt').write_text('corrupt')
    (root / '2.txt').write_text('corrupt')
    dataset = build(root, on_error='skip')
    assert [dataset[index] for index in (0, 1, 2, 1)] == [dict(letter='a', sample_idx=0)] * 4
    warnings = [record.getMessage() for record in log.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert "clip 'clip1'" in warnings[0] and "clip 'clip2'" in warnings[1]


def test_skip_stops_when_nothing_can_be_read(root: Path) -> None:
    for index in range(3):
        (root / f'{index}.txt').write_text('corrupt')
    with pytest.raises(UnreadableSampleError, match='None of the 3 samples of LetterDataset'):
        build(root, on_error='skip')[0]


def test_the_fingerprint_sees_annotations_and_not_paths(root: Path, tmp_path_factory: Any,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path_factory.mktemp('copy')
    for index in range(3):
        (elsewhere / f'{index}.txt').write_text('z')
    fingerprint = build(root).fingerprint()
    assert len(fingerprint) == 64
    assert build(elsewhere).fingerprint() == fingerprint
    assert build(root, indices=2).fingerprint() != fingerprint
    monkeypatch.setattr(LetterDataset, 'labels', (0, 1, 1))
    assert build(root).fingerprint() != fingerprint


def test_the_fingerprint_sees_frame_ranges(root: Path) -> None:
    dataset = build(root, serialize_data=False)
    fingerprint = dataset.fingerprint()
    dataset.data_list[0]['modalities']['letter']['end'] += 1
    assert dataset.fingerprint() != fingerprint


@pytest.mark.parametrize('modalities', [(), ('a', 'a'), ('a', 'fused')])
def test_modalities_are_checked(modalities: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match='modalities must be different names, at least one'):
        LetterDataset(modalities=modalities)


def test_the_policy_is_checked(root: Path) -> None:
    with pytest.raises(ValueError, match="on_error must be one of .*, got 'ignore'"):
        build(root, on_error='ignore')


def test_a_missing_annotation_file_names_the_remedy(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot find its word list 'x.txt'. Letters are"):
        build(root).require_file('x.txt', 'word list')
