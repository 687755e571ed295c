"""Training, resuming and testing name the data they read, and what changed of it."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from projects.bss.datasets.preparation import run as prepare
from tests.listed import ListedPreparation, write_listed
from tests.toy import VANILLA, build, toy_config


def config(work_dir: Path, root: Path, **overrides: object) -> dict:
    made = toy_config(work_dir, VANILLA, 6, 3, 1, log_level='INFO', **overrides)
    dataset = dict(type='ListedVectors', data_root=str(root), pipeline=[dict(type='PackVectors')])
    made['train_dataloader']['dataset'] = dict(dataset, ann_file='train.csv')
    made['val_dataloader']['dataset'] = dict(dataset, ann_file='test.csv')
    return made | dict(test_dataloader=made['val_dataloader'], test_cfg=dict(),
                       test_evaluator=made['val_evaluator'])


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """The data root, a checkpoint in the middle of the epoch and the log of its run."""
    folder = tmp_path_factory.mktemp('identity')
    root = write_listed(folder / 'root')
    assert prepare(ListedPreparation(), [str(root), '--workers', '1']) == 0
    runner, _ = build(config(folder / 'run', root))
    runner.train()
    return root, folder / 'run' / 'iter_1.pth', _log(folder / 'run')


@pytest.fixture
def root(trained: tuple, tmp_path: Path) -> Path:
    """The same data root, to be changed."""
    write_listed(tmp_path / 'root')
    (tmp_path / 'root/manifest.json').write_text((trained[0] / 'manifest.json').read_text())
    return tmp_path / 'root'


def test_training_names_its_data(trained: tuple) -> None:
    root, _, log = trained
    variant = json.loads((root / 'manifest.json').read_text())['variant']
    assert f'reads 6 of the 6 samples of train.csv in Listed, variant {variant}' in log
    assert f'reads 3 of the 3 samples of test.csv in Listed, variant {variant}' in log
    assert 'not what the manifest describes' not in log


def test_the_checkpoint_holds_the_identity(trained: tuple) -> None:
    root, checkpoint, _ = trained
    manifest = json.loads((root / 'manifest.json').read_text())
    data = torch.load(checkpoint, weights_only=False)['bss']['data']
    train = manifest['splits']['train']
    assert data == dict(length=6, fingerprint=train['fingerprint'],
                        manifests=[dict(variant=manifest['variant'], content=train['content'])])


def test_changed_data_is_a_warning(root: Path, tmp_path: Path) -> None:
    write_listed(root, train='p1 p2 p3 p4 q1 q9')
    build(config(tmp_path / 'run', root))[0].train()
    log = _log(tmp_path / 'run')
    assert 'WARNING - The data is not what the manifest describes: train.csv is another file' in log
    assert 'describes: Read now but not in the manifest (number of ids: 1): q9.' in log


def test_resuming_on_changed_data_is_refused(trained: tuple, root: Path, tmp_path: Path) -> None:
    write_listed(root, train='p1 p2 p3 p4 q1 q9')
    runner, _ = build(config(tmp_path / 'run', root, resume=True, load_from=str(trained[1])))
    with pytest.raises(ValueError, match='made on other annotations .*Against the manifest: .*'
                                         'not read now .*: q2. Read now but .*: q9.'):
        runner.train()


def test_resuming_on_files_of_other_content_is_refused(trained: tuple, root: Path,
                                                       tmp_path: Path) -> None:
    manifest = json.loads((root / 'manifest.json').read_text())
    manifest['splits']['train']['content']['flow'] = '0' * 64
    manifest['variant'] = 'listed-new'
    (root / 'manifest.json').write_text(json.dumps(manifest))
    runner, _ = build(config(tmp_path / 'run', root, resume=True, load_from=str(trained[1])))
    with pytest.raises(ValueError, match=r'made on files of other content, says the manifest '
                                         r'\(modalities flow; variant listed-.*, now listed-new'):
        runner.train()


def test_testing_names_its_data_whatever_the_checkpoint_was_trained_on(
        trained: tuple, root: Path, tmp_path: Path) -> None:
    write_listed(root, test='r1 r2')
    build(config(tmp_path / 'run', root, load_from=str(trained[1])))[0].test()
    log = _log(tmp_path / 'run')
    assert 'ListedVectors reads 2 of the 3 samples of test.csv in Listed' in log
    assert 'describes: In the manifest but not read now (number of ids: 1): r3.' in log
    assert 'samples of train.csv' not in log


def _log(work_dir: Path) -> str:
    return ''.join(path.read_text() for path in work_dir.rglob('*.log'))
