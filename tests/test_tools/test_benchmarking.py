"""The parts of tools/benchmark.py: rows, budgets, intervals, table and figure."""
from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config

from projects.bss.paths import config_path
from tools.benchmarking import figure
from tools.benchmarking.budget import check_selection, differing, set_epochs
from tools.benchmarking.difference import Difference, bootstrap
from tools.benchmarking.report import to_markdown, write_report
from tools.benchmarking.rows import (CONTROLS, DEFAULT_ROWS, Row, check_rows, missing_controls,
                                     read_rows, rows_of_files)
from tools.benchmarking.run import MEASURED, BenchmarkRun, hits_of
from tools.benchmarking.table import make_lines, modalities_of


def config(name: str) -> Config:
    return Config.fromfile(config_path(name))


class TestRows:

    @pytest.mark.parametrize('data, alone', [
        ('avmnist', ['alone-audio', 'alone-image']),
        ('grid-letters', ['alone-audio', 'alone-video'])])
    def test_every_control_is_in_the_default_list(self, data: str, alone: list[str]) -> None:
        rows = read_rows(DEFAULT_ROWS, data)
        check_rows(rows)
        assert missing_controls(rows) == []
        names = [row.name for row in rows]
        assert names[:7] == ['vanilla', *alone, 'concat', 'bssh-random', 'bssh-anti',
                             'bssh-equal-updates']
        assert names[-2:] == ['bssh', 'bssl']
        by_name = {row.name: row for row in rows}
        assert Path(by_name['vanilla'].config).name == f'{data}_multihead.py'
        for name, key, value in (('bssh-random', 'order', 'random'),
                                 ('bssh-anti', 'order', 'imbalanced_first'),
                                 ('bssh-equal-updates', 'equal_updates', True)):
            cfg = Config.fromfile(by_name[name].config)
            cfg.merge_from_dict(dict(by_name[name].options))
            assert cfg.custom_hooks[0].scheduler[key] == value
            assert cfg.custom_hooks[0].scheduler.type == 'HeuristicScheduler'

    def test_configs_of_the_command_line(self) -> None:
        assert rows_of_files(['a/x_ogm.py', 'b/y.py'], 'x') == [
            Row('ogm', 'a/x_ogm.py'), Row('y', 'b/y.py')]
        alone = rows_of_files(['a/x_ogm.py', 'b/y.py'], None)
        assert alone == [Row('vanilla', 'a/x_ogm.py', 'vanilla'), Row('y', 'b/y.py')]
        assert missing_controls(alone) == list(CONTROLS[1:])

    @pytest.mark.parametrize('entry, sentence', [
        (dict(config='bss/{data}_bssl.py', control='none'), 'A row must have `config`, and may'),
        (dict(name='a'), "but got {'name': 'a'}"),
        (dict(config='bss/{data}_bssl.py', option={}), 'A row must have `config`, and may')])
    def test_an_entry_that_is_no_row(self, tmp_path: Path, entry: dict, sentence: str) -> None:
        file = tmp_path / 'rows.py'
        file.write_text(f'rows = [{entry!r}]\n')
        with pytest.raises(ValueError, match=sentence):
            read_rows(file, 'avmnist')

    def test_what_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match="no config file 'fusion/mnist_multihead.py'"):
            read_rows(DEFAULT_ROWS, 'mnist')
        with pytest.raises(FileNotFoundError, match='--rows must name a list of rows, but there'):
            read_rows(tmp_path / 'none.py', 'avmnist')

    @pytest.mark.parametrize('rows, sentence', [
        ([Row('a', 'x', 'vanilla'), Row('a', 'y')], r"but \['a'\] come twice: name a config once"),
        ([Row('a', 'x')], 'One row must be `control: vanilla`, .* but none is'),
        ([Row('a', 'x', 'vanilla'), Row('b', 'y', 'vanilla')], r"but \['a', 'b'\] is")])
    def test_rows_that_make_no_table(self, rows: list[Row], sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            check_rows(rows)


class TestBudget:

    def test_learning_rates_follow_the_epochs(self) -> None:
        cfg = Config(dict(train_cfg=dict(max_epochs=20), param_scheduler=[
            dict(type='LinearLR', end=4), dict(type='CosineAnnealingLR', begin=4, T_max=16),
            dict(type='MultiStepLR', milestones=[1, 10, 15]), dict(type='ReduceOnPlateauLR'),
            dict(type='PolyLR', by_epoch=False, end=100)]))
        set_epochs(cfg, 5)
        assert cfg.train_cfg.max_epochs == 5
        assert [dict(part) for part in cfg.param_scheduler] == [
            dict(type='LinearLR', end=1), dict(type='CosineAnnealingLR', begin=1, T_max=4),
            dict(type='MultiStepLR', milestones=[1, 2, 4]), dict(type='ReduceOnPlateauLR'),
            dict(type='PolyLR', by_epoch=False, end=100)]
        with pytest.raises(ValueError, match='--epochs must be at least 1, but got 0'):
            set_epochs(cfg, 0)

    def test_what_differs(self) -> None:
        vanilla = config('fusion/avmnist_multihead.py')
        for name in ('unimodal/avmnist_audio.py', 'bss/avmnist_bssh.py'):
            assert differing(config(name), vanilla) == []
        other = config('bss/avmnist_bssl.py')
        other.train_cfg.max_epochs = 30
        other.train_dataloader.dataset.limit = 9600
        assert differing(other, vanilla) == ['epochs 30 instead of 20', 'train_dataloader.dataset']

    def test_selection_on_validation(self) -> None:
        check_selection('bssl', config('bss/cremad-clean_bssl.py'))
        with pytest.raises(ValueError, match="Row 'bssl' validates on its test set"):
            check_selection('bssl', config('bss/cremad_bssl.py'))
        cfg = config('bss/avmnist_bssl.py')
        cfg.default_hooks.checkpoint.save_best = 'acc/audio'
        with pytest.raises(ValueError, match="best on validation by acc/fused, but .* 'acc/audio'"):
            check_selection('bssl', cfg)


class TestDifference:

    def test_a_constant_gain_has_no_width(self) -> None:
        found = bootstrap(np.ones((3, 7), bool), np.zeros((3, 7), bool))
        assert (found.mean, found.low, found.high) == (1, 1, 1)

    @pytest.mark.parametrize('low, high, verdict', [
        (0.01, 0.02, 'better'), (-0.02, -0.01, 'worse'), (0.0, 0.02, 'no difference seen'),
        (-0.01, 0.01, 'no difference seen')])
    def test_words_follow_the_interval(self, low: float, high: float, verdict: str) -> None:
        assert Difference((low + high) / 2, low, high).verdict == verdict

    def test_width_is_that_of_the_two_variances(self) -> None:
        """Against the normal interval with the variances of seeds and samples written out."""
        rng = np.random.default_rng(1)
        method, other = rng.random((5, 400)) < 0.8, rng.random((5, 400)) < 0.7
        gains = method.astype(float) - other
        by_seed = [sum(row) / 400 for row in gains]
        mean = sum(by_seed) / 5
        of_seeds = sum((value - mean)**2 for value in by_seed) / 4 / 5
        of_samples = sum((sum(gains[:, i]) / 5 - mean)**2 for i in range(400)) / 400 / 400
        width = 1.96 * (of_seeds + of_samples)**0.5
        found = bootstrap(method, other)
        assert found.mean == pytest.approx(mean)
        assert [found.low, found.high] == pytest.approx([mean - width, mean + width],
                                                        abs=0.06 * width)
        assert bootstrap(method, other) == found
        swapped = bootstrap(other, method)
        assert [swapped.low, swapped.high] == pytest.approx([-found.high, -found.low], abs=0.003)

    def test_seeds_share_their_test_set(self) -> None:
        """Seeds that say the same of every sample are no more than one seed."""
        row = np.random.default_rng(0).random((2, 300)) < [[0.8], [0.7]]
        one = bootstrap(row[:1], row[1:])
        ten = bootstrap(row[:1].repeat(10, 0), row[1:].repeat(10, 0))
        assert [ten.low, ten.high] == pytest.approx([one.low, one.high])

    def test_covers_a_known_difference(self) -> None:
        """Of many repetitions of an experiment about 95 % of the intervals hold the truth."""
        rng, held = np.random.default_rng(2), 0
        for _ in range(200):
            of_samples, of_seeds = rng.normal(0, 0.3, (1, 150)), rng.normal(0, 0.03, (8, 1))
            method = rng.random((8, 150)) < np.clip(0.75 + of_samples + of_seeds, 0, 1)
            other = rng.random((8, 150)) < np.clip(0.75 + rng.normal(0, 0.3, (1, 150)), 0, 1)
            found = bootstrap(method, other, draws=300)
            held += found.low <= 0 <= found.high
        assert 0.89 <= held / 200 <= 1

    def test_what_does_not_belong_together(self) -> None:
        with pytest.raises(ValueError, match=r'but have \(2, 3\) and \(2, 4\)'):
            bootstrap(np.ones((2, 3), bool), np.ones((2, 4), bool))


def test_hits_count_every_sample_once() -> None:
    def sample(index: int, label: int, fused: list[float], audio: list[float]) -> dict:
        return dict(sample_idx=index, clip_id=f'c{index}', gt_labels=dict(item=torch.tensor(
            [label])), pred_scores=dict(fused=torch.tensor(fused), audio=torch.tensor(audio)))

    hits = hits_of([sample(2, 0, [.9, .1], [.4, .6]), sample(0, 1, [.9, .1], [.4, .6]),
                    sample(2, 0, [.9, .1], [.4, .6])])
    assert hits['sample'].tolist() == ['000000000 c0', '000000002 c2']
    assert hits['fused'].tolist() == [False, True] and hits['audio'].tolist() == [True, False]


def test_what_a_process_used(tmp_path: Path) -> None:
    tool, file = tmp_path / 'tool.py', tmp_path / 'used.jsonl'
    tool.write_text('import sys, time\nheld = b"x" * int(sys.argv[1])\n'
                    'while len(held) > 1 and time.process_time() < 1.6: pass\n'
                    'raise SystemExit(3)\n')
    for size in (1, 300 * 2**20):
        process = subprocess.run([sys.executable, str(MEASURED), str(file), str(tool), str(size)])
        assert process.returncode == 3
    small, large = (json.loads(line) for line in file.read_text().splitlines())
    assert 290 < large['rss'] - small['rss'] < 320 and large['gpu'] is None
    assert small['processor'] < 1.5 <= large['processor'] < 2.5


HITS = {'vanilla': [[1, 1, 0, 0], [1, 0, 0, 0]], 'good': [[1, 1, 1, 1], [1, 1, 1, 1]],
        'alone-audio': [[1, 0, 0, 0], [1, 0, 0, 0]]}


def finished_run(out: Path, name: str, seed: int, hits: list[int], **entries: Any) -> BenchmarkRun:
    """A run as it lies in its folder when it is finished."""
    run = BenchmarkRun.place({'method': name}, seed, Config(dict(name=name)), out / name,
                             metric='acc/fused', test=True)
    accuracy = sum(hits) / 4
    metrics = {'test/acc/fused': accuracy, 'test/acc/audio': accuracy / 2}
    if name != 'alone-audio':
        metrics |= {'test/acc/image': accuracy / 4, 'test/gap/acc': accuracy / 4}
    run.result_file.write_text(json.dumps(dict(
        setting={'method': name}, seed=seed, epoch=1, metrics=metrics, seconds=10.0 + seed,
        config_hash=f'hash-{name}', data_fingerprint=f'data-{len(metrics)}', rss_mib=100.0 + seed,
        gpu_mib=None, processor_seconds=20.0) | entries))
    np.savez(run.hits_file, sample=np.array(['a', 'b', 'c', 'd']), fused=np.array(hits, bool))
    return run


@pytest.fixture
def finished(tmp_path: Path) -> dict[str, dict[int, BenchmarkRun]]:
    return {name: {seed: finished_run(tmp_path, name, seed, hits, **(
        dict(seconds=30.0, processor_seconds=50.0, gpu_mib=7.5) if name == 'good' else {}))
        for seed, hits in enumerate(by_seed)} for name, by_seed in HITS.items()}


ROLES = {'vanilla': 'vanilla', 'good': None, 'alone-audio': 'unimodal'}
FACTS = dict(command='python tools/benchmark.py x', budget='All rows train for 2 epochs.',
             vanilla='vanilla', marked={'good': ['epochs 3 instead of 2']}, notes=['A note.'],
             versions={})


class TestTable:

    def test_lines(self, finished: dict) -> None:
        vanilla, good, alone = make_lines(finished, ROLES, 'vanilla')
        assert vanilla.difference is None and vanilla.verdict == '-'
        assert vanilla.time == dict(mean=1.0, std=0.0, n=2)
        assert good.difference.mean == pytest.approx(1 - 3 / 8) and good.verdict == 'better'
        assert good.time['mean'] == pytest.approx((30 / 10 + 30 / 11) / 2)
        assert good.processor == dict(mean=2.5, std=0.0, n=2)
        assert (good.rss_mib, good.gpu_mib, vanilla.gpu_mib) == (101, 7.5, None)
        assert good.accuracies == [1, 1] and vanilla.accuracies == [0.5, 0.25]
        assert alone.metrics['test/acc/fused']['mean'] == 0.25
        assert modalities_of([alone]) == ['audio']

    def test_a_row_with_fewer_seeds_is_compared_on_those(self, finished: dict) -> None:
        del finished['good'][0]
        finished['alone-audio'].clear()
        vanilla, good = make_lines(finished, ROLES, 'vanilla')
        assert good.seeds == [1] and good.difference.mean == 0.75
        assert ('- good has 1 of 2 seeds; its difference is over those.\n'
                in to_markdown([vanilla, good], FACTS))
        finished['vanilla'].clear()
        good, = make_lines(finished, ROLES, 'vanilla')
        assert good.difference is None and good.time is None

    def test_other_test_samples_are_refused(self, finished: dict) -> None:
        np.savez(finished['good'][1].hits_file, sample=np.array(['a', 'b', 'c', 'x']),
                 fused=np.ones(4, bool))
        with pytest.raises(ValueError, match='their test sets differ: the data have changed'):
            make_lines(finished, ROLES, 'vanilla')

    def test_files(self, finished: dict, tmp_path: Path) -> None:
        lines = make_lines(finished, ROLES, 'vanilla')
        runs = [run for by_seed in finished.values() for run in by_seed.values()]
        log = finished['good'][1].folder / 'train' / '20260101_000000' / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text('{"loss": 2.0, "iter": 3, "step": 3}\n'
                       '{"acc/fused": 0.5, "gap/acc": 0.25, "time": 0.1, "step": 1}\n'
                       '{"acc/fused": 0.75, "time": 0.1, "step": 2}\n')
        text = write_report(lines, runs, FACTS, tmp_path)
        with (tmp_path / 'history.csv').open() as file:
            assert list(csv.reader(file)) == [
                ['method', 'seed', 'epoch', 'acc/fused', 'gap/acc'],
                ['good', '1', '1', '0.5', '0.25'], ['good', '1', '2', '0.75', '']]
        assert ('| method | n | accuracy | audio | image | gap | less vanilla |  | time | '
                'processor | memory (MiB) |\n') in text
        assert '| vanilla | 2 | 37.5 ± 17.7 | 18.8 ± 8.8 | 9.4 ± 4.4 | 9.4 ± 4.4 | - | - | 1.00 |' \
            ' 1.00 | 101 |\n' in text
        good = next(line for line in text.splitlines() if line.startswith('| good'))
        assert good.startswith('| good (*) | 2 | 100.0 ± 0.0 | 50.0 ± 0.0 | 25.0 ± 0.0 | 25.0 ± 0.0'
                               ' | +62.5 [')
        assert good.endswith('] | better | 2.86 | 2.50 | 101 + 8 |')
        assert '| alone-audio | 2 | 25.0 ± 0.0 | 12.5 ± 0.0 | - | - | -12.5 [' in text
        assert '- (*) good has not the budget of vanilla: epochs 3 instead of 2.\n' in text
        assert '- Fingerprint of the training data (audio): data-2.\n' in text
        assert '- A note.\n' in text and 'single seed' not in text
        assert (tmp_path / 'table.md').read_text() == text
        with (tmp_path / 'table.csv').open() as file:
            rows = list(csv.DictReader(file))
        assert [row['verdict'] for row in rows] == ['-', 'better', 'no difference seen']
        assert (rows[1]['accuracy'], rows[1]['seeds'], rows[2]['image']) == ('1.0', '0 1', '')
        with (tmp_path / 'results.csv').open() as file:
            assert [(row['method'], row['seed'], row['config_hash'], row['data_fingerprint'])
                    for row in csv.DictReader(file)][2] == ('good', '0', 'hash-good', 'data-4')
        # What a metafile names as the log of a config.
        summary = json.loads((tmp_path / 'good' / 'summary.json').read_text())
        assert summary['settings'][0]['metrics']['test/acc/fused'] == dict(mean=1, std=0, n=2)
        assert (tmp_path / 'figure.png').read_bytes().startswith(b'\x89PNG')

    def test_changed_data_are_named(self, finished: dict, tmp_path: Path) -> None:
        finished['good'][1] = finished_run(tmp_path, 'good', 1, [1, 1, 1, 1],
                                           data_fingerprint='other')
        text = to_markdown(make_lines(finished, ROLES, 'vanilla'), FACTS)
        assert ('(audio, image): data-4, other. The data changed between runs, which are therefore '
                'not comparable.') in text


def test_figure(finished: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list = []
    monkeypatch.setattr(figure.plt, 'close', kept.append)
    lines = make_lines(finished, ROLES, 'vanilla')
    figure.draw(lines, 'vanilla', tmp_path / 'f.png')
    monkeypatch.undo()
    left, right = kept[0].axes
    assert [label.get_text() for label in left.get_yticklabels()] == list(HITS)
    assert left.lines[0].get_xdata() == pytest.approx([50, 25])
    bar = right.containers[0].lines[2][0].get_segments()[0]
    assert bar[:, 0] == pytest.approx([100 * lines[1].difference.low,
                                       100 * lines[1].difference.high])
    assert len(right.containers) == 2
    figure.plt.close(kept[0])
