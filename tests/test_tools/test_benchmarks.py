"""The benchmark driver at sizes of seconds: what it writes, and that it compares like with like."""
from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.native_audio_video import write_cremad, write_grid_letters
from tests.native_text_image import write_fashion, write_tokenizers
from tools.benchmarks import criteria, delivery, loading, order, scoring
from tools.benchmarks.configs import read_config
from tools.benchmarks.processes import in_fresh_process
from tools.benchmarks.report import Report, paired_ratio, spread

ROOT = Path(__file__).resolve().parents[2]


def run_driver(out: Path, name: str, *options: str) -> dict:
    """Run a benchmark as a user does and return its json."""
    done = subprocess.run(
        [sys.executable, 'tools/benchmarks/run.py', name, '--out', str(out), *options],
        cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    report = json.loads((out / f'{name}.json').read_text())
    markdown = (out / f'{name}.md').read_text()
    assert markdown in done.stdout
    assert report['command'].startswith(f'python tools/benchmarks/run.py {name} --out ')
    assert report['command'] in markdown
    assert report['machine']['torch'] == torch.__version__ and report['machine']['cores'] >= 1
    return report


def check_spread(entry: dict) -> None:
    assert 0 < entry['min'] <= entry['median'] <= entry['max']


def options_for(root: Path, *loaders: str) -> list[str]:
    return ['--cfg-options', *(
        option for loader in loaders for option in (
            f'{loader}.dataset.data_root={root}', f'{loader}.num_workers=0',
            f'{loader}.persistent_workers=False'))]


def test_order(tmp_path: Path) -> None:
    rows = run_driver(tmp_path, 'order', '--min', '1000', '--max', '1e4', '--repeats', '2')['rows']
    contenders = ['multinomial', 'randperm', 'weighted_permutation', 'DefaultSampler',
                  'BalanceSampler']
    assert [(row['n'], row['contender']) for row in rows] == [
        (size, name) for size in (1000, 10_000) for name in contenders]
    for row in rows:
        for key in ('seconds', 'to_multinomial', 'to_randperm', 'cpu_to_randperm'):
            check_spread(row[key])
        assert row['peak_bytes_per_sample'] is None
        assert (row['iteration_ns'] is None) == ('Sampler' not in row['contender'])
    assert [row['to_randperm']['max'] for row in rows if row['contender'] == 'randperm'] == [1, 1]


def test_streaming(tmp_path: Path) -> None:
    row, = run_driver(tmp_path, 'streaming', '--samples', '3e5', '--bucket', '1e5')['rows']
    assert (row['n'], row['buckets']) == (300_000, 3)
    assert 0 < row['first_index_seconds'] < row['seconds']


def test_peak_memory_of_a_permutation_is_its_eight_bytes() -> None:
    row = in_fresh_process(order.measure, 'randperm', 4_000_000)
    assert row['peak'] == pytest.approx(8, abs=0.5)
    assert row['iteration_ns'] is None


def test_a_sampler_holds_no_list_of_its_indices() -> None:
    """Neither when the order is drawn nor while it is iterated; a list takes 36 bytes an index."""
    row = in_fresh_process(order.measure, 'BalanceSampler', 4_000_000)
    assert row['peak'] < 16
    assert row['iteration_ns'] > 1


def test_sizes() -> None:
    assert order.sizes(1e4, 1e7) == [10_000, 100_000, 1_000_000, 10_000_000]
    assert order.sizes(1e7, 1e8) == [10_000_000, 2**24 + 1, 100_000_000]


@pytest.mark.slow
def test_scoring(tmp_path: Path, miniature_root: Path) -> None:
    rows = run_driver(tmp_path, 'scoring', '--epochs', '1', '--repeats', '1',
                      *options_for(miniature_root, 'train_dataloader', 'val_dataloader'),
                      'train_dataloader.dataset.pipeline.0.length=4')['rows']
    assert [row['arm'] for row in rows] == ['vanilla', 'pass', 'half', 'train', 'bssh']
    for row in rows:
        for key in ('wall_seconds', 'wall_ratio', 'cpu_seconds', 'cpu_ratio'):
            check_spread(row[key])
    assert rows[0]['wall_ratio']['median'] == rows[0]['cpu_ratio']['median'] == 1


@pytest.mark.parametrize('name', ['cremad', 'nvgesture-mini'])
def test_the_pass_in_half_precision_keeps_the_other_options_of_scoring(name: str) -> None:
    """One of the two has none."""
    args = argparse.Namespace(bss=f'bss/{name}_bssl.py', cfg_options={}, epochs=1,
                              vanilla='unused', bssh='unused')
    plain, half = (scoring.config_of(args, arm).custom_hooks[0].get('scoring') or {}
                   for arm in ('pass', 'half'))
    assert half == {**plain, 'dtype': 'bfloat16'}


def test_criteria(tmp_path: Path) -> None:
    rows = run_driver(tmp_path, 'criteria', '--model', 'mlp', '--repeats', '2')['rows']
    assert [row['arm'] for row in rows] == ['plain', 'loop', 'graph', 'gradient', 'head gradient',
                                            'loss']
    for row in rows:
        for key in ('seconds', 'ratio', 'cpu_ratio'):
            check_spread(row[key])
    assert rows[0]['ratio']['max'] == rows[0]['cpu_ratio']['max'] == 1


@pytest.mark.parametrize('model', ['mlp', 'resnet18'])
def test_all_ways_to_the_gradient_magnitude_agree(model: str,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    small = dict(audio=(1, 40, 32), video=(3, 32, 32))
    monkeypatch.setitem(criteria._SHAPES, 'resnet18', small)
    arms = criteria.contenders(argparse.Namespace(model=model, batch_size=3, device='cpu'))
    expected = arms['loop']()
    assert expected.std() > 0
    for arm in ('graph', 'gradient'):
        torch.testing.assert_close(arms[arm](), expected, rtol=1e-5, atol=0)


def test_step(tmp_path: Path) -> None:
    rows = run_driver(tmp_path, 'step', '--task', 'cremad', '--small', '--batch-size', '2',
                      '--steps', '1', '--repeats', '1', '--arms', 'ours', 'fused',
                      '--peak-tflops', '2')['rows']
    assert [row['arm'] for row in rows] == ['plain', 'ours', 'fused']
    for row in rows:
        for key in ('samples_per_second', 'ratio', 'tflops', 'utilisation'):
            check_spread(row[key])
        assert row['utilisation']['median'] == pytest.approx(row['tflops']['median'] / 2)
        assert row['loss_difference'] < 1e-3
        assert row['first_difference'] < 1e-5
    assert rows[0]['ratio']['median'] == 1 and rows[0]['loss_difference'] == 0


def test_loading(tmp_path: Path, miniature_root: Path) -> None:
    rows = run_driver(tmp_path, 'loading', '--clips', '3', '--repeats', '1',
                      *options_for(miniature_root, 'train_dataloader'))['rows']
    assert [row['arm'] for row in rows] == ['plain', 'pipeline', 'with preprocessor', 'cached']
    assert rows[0]['ratio']['median'] == rows[0]['cpu_ratio']['median'] == 1
    for row in rows:
        for key in ('samples_per_second', 'ratio', 'cpu_ratio'):
            check_spread(row[key])


def test_delivery(tmp_path: Path) -> None:
    root = write_fashion(tmp_path / 'fashion')
    vocabulary = write_tokenizers(tmp_path / 'tokenizers') / 'bert'
    rows = run_driver(tmp_path, 'delivery', '--samples', '6', '--repeats', '1', '--cfg-options',
                      f'train_dataloader.dataset.data_root={root}',
                      'train_dataloader.batch_size=2',
                      f'train_dataloader.dataset.pipeline.1.tokenizer={vocabulary}')['rows']
    assert [row['arm'] for row in rows] == ['plain', 'pseudo_collate', 'stack_streams']
    assert rows[0]['ratio']['median'] == 1
    for row in rows:
        for key in ('samples_per_second', 'ratio', 'receiving_us'):
            check_spread(row[key])


@pytest.mark.parametrize('config', [
    'fusion/nvgesture-mini_multihead.py', 'bss/fashion_bssl.py'])
def test_all_ways_deliver_the_same_labels(tmp_path: Path, config: str,
                                          loading_options: dict[str, dict[str, Any]]) -> None:
    cfg = read_config(config, loading_options[config])
    cfg.train_dataloader.batch_size = 2
    loaders = delivery.contenders(cfg, tmp_path, argparse.Namespace(
        clips=3, samples=4, workers=1))
    received = {name: list(loader) for name, loader in loaders.items()}
    plain = torch.cat([labels for _, labels in received.pop('plain')]).tolist()
    for batches in received.values():
        samples = [sample for batch in batches for sample in batch['data_samples']]
        assert [int(sample.gt_labels.item) for sample in samples] == plain
        assert plain[3] == plain[0]


@pytest.fixture(scope='module')
def loading_options(tmp_path_factory: pytest.TempPathFactory,
                    miniature_root: Path) -> dict[str, dict[str, Any]]:
    """Changes to configs that make them read small data, by name of the config."""
    root = tmp_path_factory.mktemp('loading')
    vocabulary = write_tokenizers(root / 'tokenizers') / 'bert'
    roots = {
        'fusion/nvgesture-mini_multihead.py': miniature_root,
        'bss/cremad_bssl.py': write_cremad(root / 'cremad'),
        'bss/grid-letters_bssl.py': write_grid_letters(root / 'letters'),
        'bss/fashion_bssl.py': write_fashion(root / 'fashion'),
    }
    options: dict[str, dict[str, Any]] = {
        name: {'train_dataloader.dataset.data_root': str(place)} for name, place in roots.items()}
    options['bss/fashion_bssl.py'] |= {
        'train_dataloader.dataset.pipeline.1.tokenizer': str(vocabulary)}
    return options


# How far bytes may lie apart. The resizes of OpenCV, torchvision and PIL differ by rounding, and
# so do the grey values of torchvision and PIL.
@pytest.mark.parametrize('config, tolerance', [
    ('fusion/nvgesture-mini_multihead.py', 2), ('bss/cremad_bssl.py', 3),
    ('bss/grid-letters_bssl.py', 3), ('bss/fashion_bssl.py', 0)])
def test_all_ways_read_the_same(tmp_path: Path, loading_options: dict[str, dict[str, Any]],
                                config: str, tolerance: float) -> None:
    cfg = read_config(config, loading_options[config])
    dataset = loading.build_dataset(cfg)
    arms = loading.contenders(cfg, dataset, tmp_path, range(3))
    found = {}
    for name, load in arms.items():
        np.random.seed(1)
        torch.manual_seed(1)
        found[name] = load(2)
    prepared, plain = found['with preprocessor']['inputs'], found['plain']
    assert list(plain) == list(prepared)
    for name, ready in prepared.items():
        # Token ids are padded to the longest of the batch, and to max_length in the plain way.
        expected = plain[name][:ready.shape[1]] if name == 'text' else plain[name]
        difference = (expected - ready[0]).abs().max()
        if name in ('audio', 'text'):
            assert difference == 0, name
        else:
            deviation = max(cfg.model.data_preprocessor.preprocessors[name].std)
            assert difference * deviation < tolerance + 0.1, name
        assert ready.float().std() > 0, name
    for name, clip in found.get('cached', {}).get('inputs', {}).items():
        assert torch.equal(clip, found['pipeline']['inputs'][name])


def test_ratios_are_taken_within_a_repetition() -> None:
    assert paired_ratio([2, 9, 8], [1, 3, 8]) == dict(median=2, min=1, max=3)
    assert spread([4, 1, 3]) == dict(median=3, min=1, max=4)


def test_a_report_in_markdown() -> None:
    report = Report('race', 'Compares a with b.', [
        dict(arm='a', ratio=spread([1.0]), peak=None), dict(arm='b', ratio=spread([2.0, 4.0]),
                                                            peak=8.25)],
        ['Noted.'], 'python run.py race', dict(cores=2))
    assert report.markdown() == '\n'.join([
        '## race', '', 'Compares a with b.', '', '    python run.py race', '',
        '| arm | ratio      | peak |', '|-----|------------|------|',
        '| a   | 1 (1 to 1) | -    |', '| b   | 3 (2 to 4) | 8.25 |', '',
        'Machine: cores 2.', '', '- Noted.', ''])


def test_an_unknown_benchmark_is_refused() -> None:
    done = subprocess.run([sys.executable, 'tools/benchmarks/run.py', 'speed'], cwd=ROOT,
                          capture_output=True, text=True)
    assert done.returncode == 2
    assert "invalid choice: 'speed' (choose from" in done.stderr
