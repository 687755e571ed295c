"""tools/benchmark.py as a user runs it."""
from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.native_tables import write_avmnist
from tools import benchmark

ROOT = Path(__file__).resolve().parents[2]
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@pytest.fixture(scope='module')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_avmnist(tmp_path_factory.mktemp('data') / 'avmnist', train=64)


def options(root: Path, *more: str) -> list[str]:
    """Options for a small data set that is read without workers."""
    settings = dict(num_workers=0, persistent_workers=False)
    return ['--cfg-options', 'train_dataloader.batch_size=8', *more, *(
        f'{loader}.{key}={value}' for loader in LOADERS
        for key, value in (*settings.items(), ('dataset.data_root', root)))]


@pytest.mark.parametrize('arguments, sentence', [
    ([], 'Name a data set, such as avmnist, or the configs to compare'),
    (['mnist'], "There is no config file 'fusion/mnist_multihead.py'"),
    (['avmnist', '--seeds', 'x'], "--seeds must be different whole numbers joined by commas"),
    (['avmnist', '--epochs', '0'], '--epochs must be at least 1, but got 0'),
    (['cremad'], "Row 'vanilla' validates on its test set"),
    (['avmnist', '--configs', 'bss/avmnist_bssl.py', 'configs/bss/avmnist_bssl.py'],
     "['bssl'] come twice"),
    (['--configs', 'fusion/avmnist_multihead.py', 'bss/grid-letters_bssl.py'],
     'All rows must have the budget of vanilla, but some differ (grid-letters_bssl: batch_size 16 '
     'instead of 64, train_dataloader.dataset'),
    (['avmnist', '--configs', 'fusion/avmnist_sum.py', '--cfg-options',
      'test_dataloader.dataset.data_root=nowhere'],
     'AVMNISTDataset cannot find its annotation file'),
])
def test_refused_with_a_sentence(arguments: list[str], sentence: str, tmp_path: Path,
                                 data_root: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        benchmark.main([*arguments, '--table-only', '--out', str(tmp_path / 'out')])
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_an_option_of_a_row_that_leads_nowhere(tmp_path: Path,
                                               capsys: pytest.CaptureFixture) -> None:
    rows = tmp_path / 'rows.py'
    rows.write_text("rows = [dict(config='fusion/{data}_multihead.py', name='vanilla',\n"
                    "             control='vanilla', options={'custom_hook.0.order': 1})]\n")
    with pytest.raises(SystemExit):
        benchmark.main(['avmnist', '--rows', str(rows), '--table-only', '--out',
                        str(tmp_path / 'out')])
    assert ("The row 'vanilla' names the key 'custom_hook.0.order', but there is no entry "
            "'custom_hook'") in capsys.readouterr().err


def test_table_of_no_finished_run_but_marked_budgets(tmp_path: Path, data_root: Path,
                                                     capsys: pytest.CaptureFixture) -> None:
    """Laid out, and nothing computed; the config of every run is complete."""
    configs = ['fusion/avmnist_multihead.py', 'bss/avmnist_bssl.py']
    longer = tmp_path / 'longer.py'
    longer.write_text(f"_base_ = '{ROOT}/configs/bss/avmnist_bssl.py'\n"
                      'train_cfg = dict(max_epochs=30)\n')
    benchmark.main(['--configs', *configs, str(longer), '--mark-budgets', '--table-only', '--seeds',
                    '0,1', '--out', str(tmp_path / 'out'), *options(data_root)])
    assert capsys.readouterr().out == ''
    assert sorted(path.relative_to(tmp_path / 'out').as_posix()
                  for path in tmp_path.glob('out/*/*')) == [
        f'{name}/{part}' for name in ('avmnist_bssl', 'longer', 'vanilla')
        for part in ('config.py', 'seed0', 'seed1')]


def start(out: Path, data_root: Path) -> subprocess.Popen:
    """Start the tool; it goes on in a session of its own."""
    command = [sys.executable, str(ROOT / 'tools' / 'benchmark.py'), '--configs',
               'fusion/avmnist_multihead.py', 'bss/avmnist_bssl.py', '--seeds', '3', '--epochs',
               '6', '--out', str(out), *options(data_root)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            start_new_session=True)


def rows_of(out: Path) -> list[dict[str, str]]:
    with (out / 'results.csv').open() as file:
        return [{**row, 'seconds': ''} for row in csv.DictReader(file)]


@pytest.mark.slow
def test_a_killed_benchmark_ends_as_an_uninterrupted_one(tmp_path: Path, data_root: Path) -> None:
    process = start(tmp_path / 'whole', data_root)
    printed, errors = process.communicate()
    assert process.returncode == 0, errors

    process = start(tmp_path / 'cut', data_root)
    while not list(tmp_path.glob('cut/avmnist_bssl/seed3/train/epoch_[2-5].pth')):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert (tmp_path / 'cut/vanilla/seed3/result-test.json').exists()
    assert not (tmp_path / 'cut/avmnist_bssl/seed3/train.ended').exists()

    process = start(tmp_path / 'cut', data_root)
    assert process.communicate() and process.returncode == 0
    whole = rows_of(tmp_path / 'whole')
    assert rows_of(tmp_path / 'cut') == whole
    assert [row['method'] for row in whole] == ['vanilla', 'avmnist_bssl']
    assert whole[0]['data_fingerprint'] == whole[1]['data_fingerprint'] != ''
    # The finished run was left alone and tested once, the other one went on.
    assert len(list(tmp_path.glob('cut/vanilla/seed3/test/*/*.json'))) == 1
    assert len(list(tmp_path.glob('cut/avmnist_bssl/seed3/train/*/vis_data'))) == 2

    vanilla, bssl = (float(row['test/acc/fused']) for row in whole)
    line = next(line for line in printed.splitlines() if line.startswith('| avmnist_bssl'))
    assert f'| 1 | {100 * bssl:.1f} |' in line and f' {100 * (bssl - vanilla):+.1f} [' in line
    assert 'Without these controls: unimodal, random order, anti-CL, equal updates.' in printed
    assert 'All rows train for 6 epochs on the same data with batches of 8.' in printed
    schedule = (tmp_path / 'whole/vanilla/config.py').read_text()
    assert 'T_max=6' in schedule and 'max_epochs=6' in schedule
    assert 100 < float(next(csv.DictReader((tmp_path / 'cut/table.csv').open()))['rss_mib']) < 9000
