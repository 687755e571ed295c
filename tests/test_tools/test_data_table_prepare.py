"""A manifest for a user's own table, whose splits lie in one file."""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS

from tests.native_tables import write_csv, write_products
from tools.data.table import make_config, prepare

COUNTS = dict(train=42, val=6, test=12)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_products(tmp_path / 'shop')
    assert make_config.main(['shop/products.csv', '--label', 'kind', '--id', 'id', '--out',
                             'first.py']) == 0
    return tmp_path / 'first.py'


def manifest_of(config: Path, status: int = 0) -> dict:
    assert prepare.main(['shop', '--config', str(config), '--workers', '1']) == status
    return json.loads(Path('shop/manifest.json').read_text())


def test_training_compares_every_split_with_its_own_part_of_the_table(config: Path) -> None:
    manifest = manifest_of(config)
    assert {name: split['items'] for name, split in manifest['splits'].items()} == COUNTS
    assert manifest['splits']['val']['classes'] == dict(Sandals=2, Tshirts=2, Watches=2)
    assert manifest['protocols']['as configured']['shared_items'] == []
    cfg = Config.fromfile(config)
    for name, loader in prepare.LOADERS.items():
        identity = DATASETS.build(cfg[loader].dataset).describe_identity()
        assert identity['changes'] == []
        assert identity['fingerprint'] == manifest['splits'][name]['fingerprint']
        assert f'{COUNTS[name]} of the {COUNTS[name]} samples' in identity['summary']

    table = Path('shop/products_split.csv')
    lines = table.read_text().splitlines(keepends=True)
    table.write_text(''.join(line for line in lines if not line.startswith('p3,')))
    changes = [change for loader in prepare.LOADERS.values()
               for change in DATASETS.build(cfg[loader].dataset).describe_identity()['changes']]
    assert 'In the manifest but not read now (number of ids: 1): p3.' in changes


def test_what_is_missing_is_named(config: Path) -> None:
    Path('shop/images/005.jpg').unlink()
    manifest = manifest_of(config, status=1)
    missing = [item for split in manifest['splits'].values() for item in split['missing']]
    assert missing == ['p5']


def test_an_array_that_cannot_be_read_is_named(tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'shop').mkdir()
    for index in range(4):
        np.save(f'shop/{index}.npy', np.full(3, index))
    Path('shop/2.npy').write_bytes(b'nothing')
    write_csv(tmp_path / 'shop' / 'own.csv', ('trace', 'other', 'kind', 'part'), [
        (f'{index}.npy', index, 'ab'[index % 2], ('train', 'train', 'train', 'test')[index])
        for index in range(4)])
    assert make_config.main(['shop/own.csv', '--label', 'kind', '--array', 'trace', '--numeric',
                             'other', '--split', 'part', '--out', 'first.py']) == 0
    unreadable = manifest_of(tmp_path / 'first.py', status=1)['splits']['train']['unreadable']
    assert list(unreadable) == ['line 4'] and '2.npy' in unreadable['line 4'][0]


def test_validation_on_the_test_rows_counts_once(config: Path) -> None:
    text = config.read_text()
    config.write_text(text + '\nval_dataloader = test_dataloader\n')
    assert set(manifest_of(config)['splits']) == {'train', 'val'}
