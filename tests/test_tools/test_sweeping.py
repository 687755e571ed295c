from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from tools.sweeping import figure
from tools.sweeping.grid import Axis, options_of, parse_axes, parse_axis, require_keys, settings_of
from tools.sweeping.report import chosen_metric, summarise, write_results, write_summary
from tools.sweeping.runs import Run, folder_name, make_run, read_validations, training_seconds

CONFIG = dict(
    model=dict(type='M', head=dict(type='H', alpha=0.2)), train_cfg=dict(max_epochs=4),
    custom_hooks=[dict(type='BSSHook', scheduler=dict(type='S', interval=5))])


class TestGrid:

    @pytest.mark.parametrize('text, values', [
        ('a.b=0.1,2,x', (0.1, 2, 'x')), ('a=1e-2', (0.01, )), ('a=None,True', (None, True)),
        ('a=[[1,2],[3]]', ([1, 2], [3])), ('a=(1,2)', ((1, 2), )),
        ('a=[(1,2),(3,4)]', ((1, 2), (3, 4)))])
    def test_values_are_those_of_cfg_options(self, text: str, values: tuple) -> None:
        assert parse_axis(text) == Axis(text.partition('=')[0], values)

    @pytest.mark.parametrize('text', ['a', 'a=', '=1', 'a+=1', '+a=1'])
    def test_what_is_no_axis(self, text: str) -> None:
        with pytest.raises(ValueError, match='--grid must be KEY=VALUE,VALUE,... but got '):
            parse_axis(text)

    def test_points_in_order_and_linked_keys(self) -> None:
        settings = settings_of(parse_axes(['x.a+y.b=1,2', 'c=u,v']))
        assert settings == [{'x.a+y.b': a, 'c': c} for a in (1, 2) for c in 'uv']
        assert options_of(settings[1]) == {'x.a': 1, 'y.b': 1, 'c': 'v'}
        assert settings_of([]) == [{}]

    @pytest.mark.parametrize('texts, sentence', [
        (['a=1', 'b+a=2'], "must name each key once, but names 'a' 2 times"),
        (['a=1,2,1'], '--grid a must name each value once, but names 1 2 times'),
    ])
    def test_what_comes_twice(self, texts: list[str], sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            parse_axes(texts)

    @pytest.mark.parametrize('key', [
        'model.head.alpha', 'model.head.unset', 'custom_hooks.0.scheduler.beta', 'train_cfg'])
    def test_keys_that_lead_somewhere(self, key: str) -> None:
        require_keys(Config(CONFIG), [key])

    @pytest.mark.parametrize('key, entry, known', [
        ('modle.head.alpha', 'modle', 'model, train_cfg, custom_hooks'),
        ('alpha', 'alpha', 'model, train_cfg, custom_hooks'),
        ('custom_hooks.1.scheduler.beta', '1', '0'),
        ('train_cfg.max_epoch', 'max_epoch', 'max_epochs'),
        ('model.head.alpha.x', 'x', '0.2'),
    ])
    def test_keys_that_lead_nowhere(self, key: str, entry: str, known: str) -> None:
        with pytest.raises(KeyError) as error:
            require_keys(Config(CONFIG), ['train_cfg.max_epochs', key])
        assert error.value.args[0] == (
            f'--grid names the key {key!r}, but there is no entry {entry!r} at that place of the '
            f'config. It has: {known}.')


def place(out: Path, setting: dict, seed: int = 0, test: bool = False, **config: Any) -> Run:
    return make_run(setting, seed, Config({**CONFIG, **config}), out, metric='acc/fused', test=test)


def write_log(run: Run, start: str, *rows: str, seconds: float = 0) -> None:
    """Write what one process of mmengine leaves behind."""
    folder = run.folder / 'train' / start
    (folder / 'vis_data').mkdir(parents=True)
    (folder / 'vis_data' / 'scalars.json').write_text(''.join(rows))
    log = folder / f'{start}.log'
    log.touch()
    ended = time.mktime(time.strptime(start, '%Y%m%d_%H%M%S')) + seconds
    os.utime(log, (ended, ended))


def validation(step: int, value: float) -> str:
    return json.dumps({'acc/fused': value, 'time': 0.1, 'data_time': 0.1, 'step': step}) + '\n'


TRAINED = '{"lr": 0.1, "loss": 2.0, "epoch": 3, "iter": 9, "step": 9}\n'


class TestRun:

    def test_config_of_a_setting(self, tmp_path: Path) -> None:
        base = Config(CONFIG)
        setting = {'model.head.alpha+custom_hooks.0.scheduler.interval': 3}
        run = make_run(setting, 1, base, tmp_path, metric='acc/fused', test=False)
        written = Config.fromfile(run.config)
        assert written.model.head.alpha == written.custom_hooks[0].scheduler.interval == 3
        assert written.custom_hooks[0].type == 'BSSHook'
        assert base.model.head.alpha == 0.2
        assert run.title == 'alpha=3 seed=1'
        assert run.next_command()[1][-6:] == [
            str(run.config), '--work-dir', str(run.folder / 'train'), '--seed', '1', '--resume']

    def test_a_changed_config_is_refused(self, tmp_path: Path) -> None:
        place(tmp_path, {'model.head.alpha': 0.5})
        place(tmp_path, {'model.head.alpha': 0.5}, seed=1)
        with pytest.raises(ValueError, match='holds runs of another config.*Choose another --out'):
            place(tmp_path, {'model.head.alpha': 0.5}, train_cfg=dict(max_epochs=5))

    def test_folders_are_readable_and_unique(self) -> None:
        names = [folder_name(setting) for setting in (
            {}, {'a.b': 0.1, 'c': 'x/y z'}, {'a.b': 0.1, 'c': 'x_y_z'}, {'c.b': 0.1})]
        assert [name.rpartition('-')[0] for name in names] == [
            'as-configured', 'b=0.1,c=x_y_z', 'b=0.1,c=x_y_z', 'b=0.1']
        assert len(set(names)) == 4

    def test_validations_of_all_processes(self, tmp_path: Path) -> None:
        run = place(tmp_path, {})
        write_log(run, '20260101_000000', TRAINED, validation(1, 0.5), validation(2, 0.6),
                  '{"acc/fused": 0.', seconds=30)
        write_log(run, '20260101_010000', TRAINED, validation(2, 0.7), validation(3, 0.4),
                  seconds=12)
        train = run.folder / 'train'
        assert read_validations(train) == {
            1: {'acc/fused': 0.5}, 2: {'acc/fused': 0.7}, 3: {'acc/fused': 0.4}}
        assert training_seconds(train) == 42
        assert run.share_done() == 0.5  # the third of four epochs has begun

    def test_result_of_the_last_epoch(self, tmp_path: Path) -> None:
        run = place(tmp_path, {'model.head.alpha': (1, 2)}, seed=4)
        write_log(run, '20260101_000000', validation(1, 0.9), validation(2, 0.6))
        assert run.result() is None
        torch.save({'bss': {'data': {'fingerprint': '0123456789abcdef'}}},
                   run.folder / 'train' / 'epoch_2.pth')
        run.collect()
        result = run.result()
        assert result.pop('config_hash') == place(
            tmp_path, {'model.head.alpha': (1, 2)}, seed=5).collect()['config_hash']
        assert result == dict(setting={'model.head.alpha': (1, 2)}, seed=4, epoch=2, seconds=0,
                              metrics={'val/acc/fused': 0.6}, data_fingerprint='0123456789ab')

    def test_result_of_the_best_epoch_and_its_test(self, tmp_path: Path) -> None:
        best = dict(default_hooks=dict(checkpoint=dict(save_best=['gap/acc', 'acc/fused'])))
        run = place(tmp_path, {}, test=True, **best)
        write_log(run, '20260101_000000', validation(1, 0.9), validation(2, 0.6))
        run.note_end('train')
        with pytest.raises(FileNotFoundError, match='saves the best checkpoint, but there is none'):
            run.next_command()
        for name in ('best_acc_fused_epoch_1.pth', 'best_gap_acc_epoch_2.pth'):
            torch.save({}, run.folder / 'train' / name)
        assert run.next_command()[1][-3] == str(run.folder / 'train/best_acc_fused_epoch_1.pth')
        tested = run.folder / 'test' / '20260101_000100'
        tested.mkdir(parents=True)
        (tested / '20260101_000100.json').write_text(
            '{"acc/fused": 0.8, "data_time": 1.0, "time": 1.0}\n')
        run.note_end('test')
        assert run.next_command() is None
        assert run.collect()['metrics'] == {'val/acc/fused': 0.9, 'test/acc/fused': 0.8}
        assert run.result()['epoch'] == 1

    @pytest.mark.parametrize('validated, kept', [((1, 2, 3), False), ((1, 2, 3, 4), True)])
    def test_a_run_killed_in_its_last_validation_repeats_the_epoch(
            self, tmp_path: Path, validated: tuple, kept: bool) -> None:
        run = place(tmp_path, {}, val_dataloader=dict(batch_size=1))
        write_log(run, '20260101_000000', *(validation(step, 0.5) for step in validated))
        for epoch in (3, 4):
            (run.folder / 'train' / f'epoch_{epoch}.pth').touch()
        assert '--resume' in run.next_command()[1]
        assert (run.folder / 'train' / 'epoch_3.pth').exists()
        assert (run.folder / 'train' / 'epoch_4.pth').exists() == kept


AXES = [Axis('m.alpha', (0.1, 0.2)), Axis('h.order', ('up', 'down'))]


def result_of(alpha: float, order: str, seed: int, value: float) -> dict[str, Any]:
    return dict(setting={'m.alpha': alpha, 'h.order': order}, seed=seed, epoch=9,
                metrics={'val/acc': value, 'test/acc': value - 0.5}, seconds=1.5, config_hash='f00',
                data_fingerprint='d')


RESULTS = [result_of(0.1, 'up', 0, 0.5), result_of(0.1, 'up', 1, 0.7),
           result_of(0.1, 'down', 0, 0.9), result_of(0.2, 'down', 0, 1.0)]


class TestReport:

    def test_mean_and_spread(self) -> None:
        first, second, third = summarise(RESULTS, settings_of(AXES))
        assert first['setting'] == {'m.alpha': 0.1, 'h.order': 'up'} and first['seeds'] == [0, 1]
        # Sample standard deviation: sqrt(2 * 0.1^2 / 1).
        assert first['metrics']['val/acc'] == pytest.approx(dict(mean=0.6, std=0.02**0.5, n=2))
        assert second['metrics']['test/acc'] == pytest.approx(dict(mean=0.4, std=None, n=1))
        assert third['setting'] == {'m.alpha': 0.2, 'h.order': 'down'}

    def test_tables(self, tmp_path: Path) -> None:
        write_results(RESULTS, AXES, tmp_path / 'results.csv')
        with (tmp_path / 'results.csv').open() as file:
            rows = list(csv.DictReader(file))
        assert rows[1] == {'m.alpha': '0.1', 'h.order': 'up', 'seed': '1', 'epoch': '9',
                           'val/acc': '0.7', 'test/acc': str(0.7 - 0.5), 'seconds': '1.5',
                           'config_hash': 'f00', 'data_fingerprint': 'd'}
        assert len(rows) == 4
        facts = dict(command='python tools/sweep.py', selection='Last epoch.', failed=['a=1'],
                     data_fingerprints=['d', 'e'])
        text = write_summary(summarise(RESULTS, settings_of(AXES)), 'val/acc', facts, tmp_path)
        assert '| 0.1 | up | 0.6 ± 0.14 | 2 |\n| 0.1 | down | 0.9 | 1 |\n' in text
        assert text.endswith('Failed, and therefore not counted: a=1.\n') and 'Last epoch.' in text
        assert 'The data changed between runs, which are therefore not comparable' in text
        assert (tmp_path / 'summary.md').read_text() == text
        assert json.loads((tmp_path / 'summary.json').read_text())['settings'][2]['metrics'][
            'val/acc'] == dict(mean=1.0, std=None, n=1)
        header = (tmp_path / 'summary.csv').read_text().splitlines()[0]
        assert header == ('m.alpha,h.order,val/acc mean,val/acc std,val/acc n,test/acc mean,'
                          'test/acc std,test/acc n')

    def test_the_measure_of_the_test_set_stands_first(self) -> None:
        assert chosen_metric(RESULTS, 'acc') == 'test/acc'
        with pytest.raises(ValueError, match="but got 'f1'. They have: acc. The finished runs are"):
            chosen_metric(RESULTS, 'f1')


class TestFigure:

    @pytest.fixture
    def drawn(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """Draw, and return the plots."""
        kept = []
        monkeypatch.setattr(figure.plt, 'close', kept.append)

        def draw(axes: list[Axis]) -> list:
            results = [{**r, 'setting': {**r['setting'], 'm.x': 1}} for r in RESULTS]
            figure.draw(results, axes, 'val/acc', tmp_path / 'f.png')
            assert (tmp_path / 'f.png').read_bytes().startswith(b'\x89PNG')
            return kept[-1].axes

        yield draw
        monkeypatch.undo()
        for picture in kept:
            figure.plt.close(picture)

    def test_one_axis_is_a_line_with_error_bars(self, drawn) -> None:
        plot, = drawn(AXES[:1])
        line = plot.lines[0]
        assert line.get_xdata().tolist() == [0.1, 0.2]
        assert line.get_ydata() == pytest.approx([0.7, 1.0])
        bar = plot.containers[0].lines[2][0].get_segments()[0]
        # Values 0.5, 0.7 and 0.9.
        assert bar[:, 1] == pytest.approx([0.7 - 0.2, 0.7 + 0.2])
        assert (plot.get_xlabel(), plot.get_ylabel()) == ('alpha', 'val/acc')

    def test_two_axes_are_a_heat_map(self, drawn) -> None:
        plot = drawn(AXES)[0]
        means = plot.images[0].get_array()
        assert means.tolist() == [[pytest.approx(0.6), 0.9], [None, 1.0]]
        assert [text.get_text() for text in plot.texts] == ['0.6', '0.9', '1']
        assert [label.get_text() for label in plot.get_xticklabels()] == ['up', 'down']

    def test_more_axes_are_a_panel_each(self, drawn) -> None:
        plots = drawn([*AXES, Axis('m.x', (1, ))])
        assert len(plots) == 3
        assert plots[1].lines[0].get_ydata() == pytest.approx([0.6, 0.95])
        assert [label.get_text() for label in plots[1].get_xticklabels()] == ['up', 'down']
