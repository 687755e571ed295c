"""What a manifest says of a data root, and what differs from it later."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from projects.bss.datasets.manifest import (StreamReport, compare, describe_overlap, file_hash,
                                            read_manifest)
from projects.bss.datasets.preparation import run
from tests.listed import ListedPreparation, ListedVectors, write_listed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_listed(tmp_path / 'root')
    assert run(ListedPreparation(), [str(root), '--workers', '1']) == 0
    return root


def reader(root: Path, split: str = 'train', **options: object) -> ListedVectors:
    return ListedVectors(data_root=str(root), ann_file=f'{split}.csv', **options)


def changes(root: Path) -> list[str]:
    return reader(root).describe_identity()['changes']


def test_a_manifest_counts_hashes_and_names(root: Path, capsys: pytest.CaptureFixture) -> None:
    manifest = json.loads((root / 'manifest.json').read_text())
    train = manifest['splits']['train']
    assert (train['items'], train['paper_items']) == (6, 8)
    assert train['classes'] == dict(a=2, b=2, c=2)
    assert train['paper_classes'] == dict(a=4)
    assert train['sources'] == ['p', 'q']
    assert train['sha256'] == hashlib.sha256((root / 'train.csv').read_bytes()).hexdigest()
    assert train['fingerprint'] == reader(root).fingerprint()
    assert train['labels'][:2] == [['p1', 0], ['p2', 1]]
    assert manifest['variant'] == f'listed-{manifest["content"][:8]}'


def test_content_depends_on_neither_place_nor_order(root: Path, tmp_path: Path) -> None:
    other = write_listed(tmp_path / 'other')
    lines = (other / 'train.csv').read_text().splitlines(keepends=True)
    (other / 'train.csv').write_text(''.join(reversed(lines)))
    run(ListedPreparation(), [str(other), '--workers', '1'])
    first, second = read_manifest(root), read_manifest(other)
    assert first['content'] == second['content']
    assert first['splits']['train']['fingerprint'] != second['splits']['train']['fingerprint']


def test_other_content_is_another_variant(root: Path, tmp_path: Path) -> None:
    other = write_listed(tmp_path / 'other', test='r1 r2 r4')
    run(ListedPreparation(), [str(other), '--workers', '1'])
    assert read_manifest(root)['variant'] != read_manifest(other)['variant']


def test_what_is_read_agrees_with_the_manifest(root: Path) -> None:
    identity = reader(root).describe_identity()
    variant = read_manifest(root)['variant']
    assert identity['changes'] == []
    assert identity['variant'] == variant
    assert identity['fingerprint'] == reader(root).fingerprint()
    assert identity['summary'] == (
        f'ListedVectors reads 6 of the 6 samples of train.csv in Listed, variant {variant}, with '
        f'fingerprint {identity["fingerprint"][:12]}.')


def test_ids_that_come_and_go_are_named(root: Path) -> None:
    write_listed(root, train='p1 p2 p3 p4 q9')
    found = changes(root)
    assert found[0].startswith('train.csv is another file (sha256 ')
    assert found[1:] == ['In the manifest but not read now (number of ids: 2): q1, q2.',
                         'Read now but not in the manifest (number of ids: 1): q9.']


def test_changed_labels_are_named(root: Path) -> None:
    text = (root / 'train.csv').read_text()
    (root / 'train.csv').write_text(text.replace('p2,1', 'p2,2'))
    assert changes(root)[1:] == ['With another label (number of ids: 1): p2 (1, now 2).']


def test_a_choice_of_the_reader_is_no_change(root: Path) -> None:
    identity = reader(root, indices=4).describe_identity()
    assert identity['changes'] == []
    assert 'reads 4 of the 6 samples' in identity['summary']


def test_other_values_under_the_same_ids_are_found(root: Path) -> None:
    dataset = reader(root)
    split = read_manifest(root)['splits']['train']
    split['streams']['flow'] = '0' * 64
    assert compare(split, dataset) == [
        "The streams of 'flow' are annotated otherwise (frames, text or values)."]


def test_without_a_manifest_the_summary_says_so(tmp_path: Path) -> None:
    identity = reader(write_listed(tmp_path)).describe_identity()
    assert (identity['variant'], identity['content'], identity['changes']) == ('', {}, [])
    assert 'there is no manifest.json in its data root' in identity['summary']


def test_a_split_that_the_manifest_lacks_is_said(root: Path) -> None:
    (root / 'train.csv').rename(root / 'own.csv')
    assert 'manifest.json does not list this split' in \
        reader(root, 'own').describe_identity()['summary']


@pytest.mark.parametrize('content', ['{"splits"', '[]', '{"splits": {}}'])
def test_a_file_that_is_no_manifest_is_refused(root: Path, content: str) -> None:
    (root / 'manifest.json').write_text(content)
    with pytest.raises(ValueError, match='manifest.json is not a manifest.*prepare.py'):
        reader(root).describe_identity()


def test_shared_and_repeated_things_are_named(tmp_path: Path) -> None:
    root = write_listed(tmp_path, train='p1 p2 p2 q1', test='q1 q2')
    run(ListedPreparation(), [str(root), '--workers', '1'])
    manifest = read_manifest(root)
    assert manifest['splits']['train']['listed_twice'] == ['p2']
    shared = manifest['protocols']['paper']
    assert shared['shared_sources'] == ['q']
    assert shared['shared_items'] == ['q1']
    assert shared['shared_content'] == {name: [['test/q1', 'train/q1']]
                                        for name in ('rgb', 'flow', 'depth')}


def test_content_within_one_split_is_not_shared_between_splits() -> None:
    splits = {name: dict(labels=[[f'{name}{i}', 0] for i in range(2)], sources=[],
                         streams=dict(sound='')) for name in ('train', 'test')}
    digests = dict(train=[dict(sound=StreamReport('A')), dict(sound=StreamReport('A'))],
                   test=[dict(sound=StreamReport('B')), dict(sound=StreamReport(''))])
    assert describe_overlap(splits, digests, ('train', 'test'))['shared_content'] == dict(sound=[])


def test_a_file_hash_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / 'large').write_bytes(b'abc' * 1_000_000)
    assert file_hash(tmp_path / 'large') == hashlib.sha256(b'abc' * 1_000_000).hexdigest()
