"""The first config for a table: guesses, splits, and a run of what was written."""
from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope

from projects.bss.datasets.table_file import Table, read_table
from tests.data import write_numbered_video
from tests.native_tables import write_csv, write_products
from tools.data.table.make_config import main
from tools.tables.kinds import find_prefix, guess_kinds
from tools.tables.splits import draw_splits, name_splits, write_splits

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def products(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_products(tmp_path / 'shop')


def table(**columns: list) -> Table:
    rows = [dict(zip(columns, cells)) for cells in zip(*columns.values())]
    return Table('own.csv', 'line', range(2, 2 + len(rows)), rows)


def refusal(capsys: pytest.CaptureFixture, *argv: str) -> str:
    assert main(argv) == 2
    return capsys.readouterr().err


def test_kinds_are_guessed_from_cells() -> None:
    guesses = guess_kinds(table(
        photo=['a.jpg', 'b/c.PNG'], said=['a.wav', 'b.mp3'], film=['a.avi', None],
        trace=['a.npy', 'b.mat'], title=['two words', 'three more words'], size=['1.5', '2'],
        count=['3', '3'], row=['1', '2'], name=['ann', 'bob'], note=[None, None],
        mixed=['a.jpg', 'b.wav'], label=['x', 'y']), ['label'])
    assert {column: kind for column, (kind, _) in guesses.items()} == dict(
        photo='image', said='audio', film='video', trace='array', title='text', size='numeric',
        count='numeric', row=None, name=None, note=None, mixed=None)
    assert guesses['title'][1] == '2.5 words on average'


def test_the_folder_of_files_is_found(tmp_path: Path) -> None:
    (tmp_path / 'pictures').mkdir()
    for name in ('top.jpg', 'pictures/deep.jpg'):
        (tmp_path / name).touch()
    files = table(here=['top.jpg'], there=[None, 'deep.jpg'][1:], gone=['none.jpg'])
    assert find_prefix(tmp_path, files, 'here') == ''
    assert find_prefix(tmp_path, files, 'there') == 'pictures'
    with pytest.raises(FileNotFoundError, match="own.csv, line 2, column 'gone': there is no file "
                                                "'none.jpg'"):
        find_prefix(tmp_path, files, 'gone')


class TestSplits:

    def test_shares_of_every_class(self) -> None:
        labels = [0] * 100 + [1] * 50
        splits = draw_splits(labels, list(map(str, range(150))))
        assert Counter(zip(labels, splits)) == {
            (0, 'train'): 70, (0, 'val'): 10, (0, 'test'): 20,
            (1, 'train'): 35, (1, 'val'): 5, (1, 'test'): 10}
        assert splits == draw_splits(labels, list(map(str, range(150))))

    def test_groups_stay_together(self) -> None:
        labels = [index % 2 for index in range(120)]
        groups = [f'person {index // 6}' for index in range(120)]
        splits = draw_splits(labels, groups)
        assert len({(group, split) for group, split in zip(groups, splits)}) == 20
        assert set(splits) == {'train', 'val', 'test'}

    def test_too_few_rows(self) -> None:
        with pytest.raises(ValueError, match='needs at least 10 groups of rows, got 4'):
            draw_splits([0, 1] * 4, ['a', 'b', 'c', 'd'] * 2)

    def test_names_of_splits(self) -> None:
        assert name_splits(table(part=['Train', 'dev', 'test', 'dev']), 'part') == dict(
            train='Train', val='dev', test='test')
        assert name_splits(table(part=['train', 'valid']), 'part') == dict(
            train='train', val='valid', test='valid')
        for values in (['a', 'b'], ['train', 'train']):
            with pytest.raises(ValueError, match="Column 'part' must name a training split"):
                name_splits(table(part=values), 'part')


def test_the_config_says_what_was_found(products: Path, capsys: pytest.CaptureFixture) -> None:
    argv = ['shop/products.csv', '--label', 'kind', '--id', 'id', '--out', 'own/first.py']
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert 'image: image (file names in .jpg)' in printed
    assert 'width: numeric (numbers)' in printed
    text = (products.parent / 'own' / 'first.py').read_text()
    command = ' '.join(text.split())
    assert 'Command: python tools/train.py own/first.py ' in command
    assert f'Written by: python tools/data/table/make_config.py {" ".join(argv)} ' in command
    assert max(map(len, text.splitlines())) <= 100 and len(text.splitlines()) <= 70
    config = Config.fromfile(products.parent / 'own' / 'first.py')
    assert list(config.model.encoders) == ['image', 'title', 'numbers']
    assert config.custom_hooks[0].scheduler.type == 'LearningBasedScheduler'
    split = read_table(products / 'products_split.csv')
    assert [{key: row[key] for key in row if key != 'split'} for row in split.rows] == list(
        read_table(products / 'products.csv').rows)
    assert Counter(row['split'] for row in split.rows) == dict(train=42, val=6, test=12)
    train = [row for row in split.rows if row['split'] == 'train']
    sizes = np.array([[row['width'], row['height']] for row in train], dtype=float)
    statistics = config.model.data_preprocessor.preprocessors.numbers
    np.testing.assert_allclose(statistics.mean, sizes.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(statistics.std, sizes.std(axis=0), atol=1e-6)
    # The vocabulary knows the words of the training rows.
    words = (products / 'products_title_vocabulary' / 'vocab.txt').read_text().splitlines()
    assert config.model.encoders.title.config.vocab_size == len(words)


def test_every_kind_of_modality_gives_a_model_that_runs(tmp_path: Path,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ('sounds', 'films', 'traces'):
        (tmp_path / folder).mkdir()
    for index in range(4):
        soundfile.write(f'sounds/{index}.wav', np.sin(np.arange(4000) / (4 + index)), 16000)
        write_numbered_video(tmp_path / 'films' / f'{index}.avi', 6)
        np.save(f'traces/{index}.npy', np.full((2, 3), index))
    write_csv(tmp_path / 'own.csv', ('said', 'film', 'trace', 'kind', 'part'), [
        (f'{index}.wav', f'{index}.avi' if index != 1 else '', f'{index}.npy', 'ab'[index % 2],
         ('train', 'train', 'train', 'test')[index]) for index in range(4)])
    assert main(['own.csv', '--label', 'kind', '--audio', 'said', '--video', 'film', '--array',
                 'trace', '--split', 'part', '--image-size', '32', '--out', 'own.py']) == 0
    config = Config.fromfile('own.py')
    assert config.train_dataloader.dataset.on_error == 'mask'
    assert config.val_dataloader.dataset.filter == config.test_dataloader.dataset.filter == dict(
        part='test')
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset = DATASETS.build(config.train_dataloader.dataset)
        model = MODELS.build(config.model)
        batch = model.data_preprocessor(pseudo_collate([dataset[index] for index in range(3)]),
                                        True)
    assert dataset.get_data_info(0)['modalities']['film']['path'] == 'films/0.avi'
    assert {name: tuple(x.shape) for name, x in batch['inputs'].items()} == dict(
        said=(3, 1, 257, 188), film=(3, 3, 16, 32, 32), trace=(3, 6))
    losses = model(**batch, mode='loss')
    assert set(losses) == {'loss_said', 'loss_film', 'loss_trace', 'loss_fused'}
    assert torch.stack(list(losses.values())).sum().isfinite()


def run(*command: str, folder: Path) -> None:
    """Run a tool of the repository in a process of its own."""
    done = subprocess.run([sys.executable, str(ROOT / 'tools' / command[0]), *command[1:]],
                          cwd=folder, capture_output=True, text=True, timeout=600,
                          env=dict(os.environ, OMP_NUM_THREADS='1'))
    assert done.returncode == 0, done.stdout + done.stderr


def test_from_a_table_to_a_tested_network(products: Path) -> None:
    folder = products.parent
    assert main(['shop/products.csv', '--label', 'kind', '--id', 'id', '--image-size', '32',
                 '--epochs', '1', '--out', 'first.py']) == 0
    settings = [f'{name}_dataloader.{key}' for name in ('train', 'val', 'test')
                for key in ('num_workers=0', 'persistent_workers=False')]
    run('train.py', 'first.py', '--work-dir', 'run', '--cfg-options', *settings,
        'default_hooks.checkpoint.save_optimizer=False', folder=folder)
    run('test.py', 'first.py', 'run/epoch_1.pth', '--work-dir', 'test', '--cfg-options',
        *settings, folder=folder)
    state = torch.load(folder / 'run' / 'epoch_1.pth', weights_only=True)
    assert 'head.classifiers.numbers.weight' in state['state_dict']
    log = next((folder / 'run').glob('*/*.log')).read_text()
    assert 'reads 42 samples of products_split.csv' in log
    assert 'BSS epoch 1: order ' in log
    metrics = next((folder / 'test').glob('*/*.json')).read_text()
    assert 'acc/title' in metrics and 'acc/numbers' in metrics


def test_a_pretrained_text_model_and_a_column_of_splits(products: Path) -> None:
    write_splits(read_table('shop/products.csv'), (['train'] * 3 + ['dev']) * 15, 'part',
                 Path('shop/own.tsv'))
    Path('bert').mkdir()
    Path('bert/config.json').write_text('{"hidden_size": 48}')
    assert main(['shop/own.tsv', '--label', 'kind', '--split', 'part', '--text', 'title',
                 '--image', 'image', '--text-model', 'bert', '--out', 'own.py']) == 0
    config = Config.fromfile('own.py')
    assert config.model.encoders.title == dict(type='BertEncoder', pretrained='bert')
    assert config.model.head.in_channels == dict(image=512, title=48)
    assert config.model.head.fused_channels == 560
    assert [step.tokenizer for step in config.test_pipeline if step.type == 'Tokenize'] == ['bert']
    assert config.test_dataloader.dataset.filter == dict(part='dev')
    assert config.data.ann_file == 'own.tsv' and not list(Path('shop').glob('*vocabulary'))


def test_refusals(products: Path, capsys: pytest.CaptureFixture) -> None:
    source = 'shop/products.csv'
    assert 'gone.csv must exist' in refusal(capsys, 'gone.csv', '--label', 'kind')
    assert "Unknown column 'knd'. Did you mean 'kind'" in refusal(capsys, source, '--label', 'knd')
    assert 'must have at least two modalities' in refusal(
        capsys, source, '--label', 'kind', '--numeric', 'width', 'height')
    assert "Column 'title' must hold numbers to be numeric" in refusal(
        capsys, source, '--label', 'kind', '--numeric', 'title', '--image', 'image')
    assert "there is no 'none/config.json'" in refusal(
        capsys, source, '--label', 'kind', '--text', 'title', '--image', 'image', '--text-model',
        'none')
    Path('there.py').touch()
    assert 'there.py must not exist; name another file' in refusal(
        capsys, source, '--label', 'kind', '--out', 'there.py')
    write_csv(Path('flat.csv'), ('image', 'width', 'kind'), [
        (f'shop/{row["image"]}', 1, row['kind']) for row in read_table(source).rows])
    assert "Column 'width' has the same number in all training rows" in refusal(
        capsys, 'flat.csv', '--label', 'kind', '--numeric', 'width', '--image', 'image')
