from __future__ import annotations

import json
import os
import pickle
import re
import runpy
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import mmaction
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(HERE))

from toy_task import write_task  # noqa: E402


def load_tool(name: str) -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / name), run_name=name))


TRAIN = load_tool('train.py')
TEST = load_tool('test.py')


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    return str(write_task(tmp_path))


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Run a tool that must stop with exit status 2; return what it wrote to stderr."""

    def run(main: Callable, *argv: str) -> str:
        with pytest.raises(SystemExit) as stopped:
            main(argv)
        assert stopped.value.code == 2
        return capsys.readouterr().err

    return run


def run(main: Callable, *argv: str) -> None:
    """Run a tool as in a process of its own: mmengine names loggers by the second they start."""
    for manager in (DefaultScope, MessageHub, MMLogger, Visualizer):
        manager._instance_dict.clear()
    main(argv)


def configure(config: str, *flags: str) -> Config:
    args = TRAIN.parse_args([config, *flags])
    cfg = TRAIN.cli.load_config(args)
    TRAIN.apply_flags(cfg, args)
    return cfg


def weights(checkpoint: str) -> list[float]:
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    return [float(state['linear.weight']), float(state['linear.bias'])]


def validation_errors(work_dir: str) -> list[float]:
    """Errors of all validations in a work directory; runs of one second share one log."""
    logs = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    return [row['error'] for row in rows if 'error' in row]


def test_resumed_training_ends_as_uninterrupted_training(config: str) -> None:
    longer = ['--cfg-options', 'train_cfg.max_epochs=4']
    run(TRAIN.main, config, '--work-dir', 'straight', *longer)
    run(TRAIN.main, config, '--work-dir', 'cut')
    assert not Path('cut/epoch_3.pth').exists()
    run(TRAIN.main, config, '--work-dir', 'cut', '--resume', *longer)
    run(TRAIN.main, config, '--work-dir', 'file', '--resume', 'cut/epoch_2.pth', *longer)

    straight = weights('straight/epoch_4.pth')
    assert straight != weights('straight/epoch_3.pth')
    assert weights('cut/epoch_4.pth') == straight
    assert weights('file/epoch_4.pth') == straight
    assert validation_errors('cut') == validation_errors('straight')  # each epoch once


def test_test_reports_what_validation_reported_and_dumps_predictions(config: str) -> None:
    run(TRAIN.main, config)
    assert Path('work_dirs/toy/epoch_2.pth').is_file()
    run(TEST.main, config, 'work_dirs/toy/epoch_2.pth', '--dump', 'p.pkl', '--work-dir', 'tested')

    predictions = pickle.loads(Path('p.pkl').read_bytes())
    w, b = weights('work_dirs/toy/epoch_2.pth')
    pairs = [(.1, .3), (-.4, -.7), (.9, 1.9), (.5, 1.2), (-.8, -1.5), (.3, .5)]
    expected = [(w * x + b - y) ** 2 for x, y in pairs]
    assert [float(p) for p in predictions] == pytest.approx(expected, rel=1e-5)
    result = json.loads(next(Path('tested').glob('*/*.json')).read_text())
    assert result['error'] == pytest.approx(validation_errors('work_dirs/toy')[-1], rel=1e-6)


def test_no_validate_trains_without_validation(config: str) -> None:
    run(TRAIN.main, config, '--no-validate', '--cfg-options', 'train_cfg.max_epochs=1')
    assert Path('work_dirs/toy/epoch_1.pth').is_file()
    assert validation_errors('work_dirs/toy') == []


@pytest.mark.parametrize('flags, expected', [
    ([], dict(seed=7, diff_rank_seed=True)),
    (['--seed', '0'], dict(seed=0, diff_rank_seed=True)),
    (['--deterministic'], dict(seed=7, diff_rank_seed=True, deterministic=True)),
    (['--seed', '1', '--diff-rank-seed', '--cfg-options', 'randomness.seed=5',
      'randomness.diff_rank_seed=False'], dict(seed=1, diff_rank_seed=True)),
])
def test_seed_flags_stand_over_the_config(config: str, flags: list[str], expected: dict) -> None:
    assert configure(config, *flags).randomness == expected


def test_seed_flag_without_randomness_in_the_config(config: str) -> None:
    cfg = configure(config, '--seed', '3', '--cfg-options', 'randomness=None')
    assert cfg.randomness == dict(seed=3)


def test_work_dir_flag_stands_over_config_over_name(config: str) -> None:
    assert configure(config).work_dir == 'work_dirs/toy'
    in_config = ['--cfg-options', 'work_dir=from_config']
    assert configure(config, *in_config).work_dir == 'from_config'
    assert configure(config, '--work-dir', 'flag', *in_config).work_dir == 'flag'


def test_cfg_options_come_before_the_flags_that_read_the_config(config: str) -> None:
    cfg = configure(
        config, '--auto-scale-lr', '--cfg-options', 'auto_scale_lr.base_batch_size=64')
    assert cfg.auto_scale_lr == dict(base_batch_size=64, enable=True)


def test_auto_scaled_learning_rate_is_the_one_used(config: str) -> None:
    flags = ['--cfg-options', 'train_cfg.max_epochs=1', 'auto_scale_lr.base_batch_size=8']
    run(TRAIN.main, config, '--auto-scale-lr', *flags)
    optimizer = torch.load('work_dirs/toy/epoch_1.pth', weights_only=True)['optimizer']
    assert optimizer['param_groups'][0]['lr'] == pytest.approx(0.1 * 2 / 8)


def test_amp_with_an_accelerator_scales_the_loss(
        config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAIN.main.__globals__, 'is_cuda_available', lambda: True)
    cfg = configure(config, '--amp')
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'


def test_amp_is_refused_without_an_accelerator(
        config: str, refusal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAIN.main.__globals__, 'is_cuda_available', lambda: False)
    message = refusal(TRAIN.main, config, '--amp')
    assert '--amp needs a GPU' in message
    assert 'Leave --amp out to train in single precision on the CPU.' in message


def test_amp_is_refused_for_another_optimiser_wrapper(
        config: str, refusal: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAIN.main.__globals__, 'is_cuda_available', lambda: True)
    apex = ['--cfg-options', 'optim_wrapper.type=ApexWrapper']
    message = refusal(TRAIN.main, config, '--amp', *apex)
    assert "the config has 'ApexWrapper'" in message


@pytest.mark.parametrize('flags, sentence', [
    (['--auto-scale-lr'], 'Add --cfg-options auto_scale_lr.base_batch_size=N.'),
    (['--resume', 'gone.pth'], "--resume must name an existing checkpoint, but there is no file "
                               "'gone.pth'."),
    (['--launcher', 'pytorch'], 'needs processes started by torchrun, but RANK is not set'),
])
def test_train_refuses_with_a_sentence(
        config: str, refusal: Callable, flags: list[str], sentence: str) -> None:
    assert sentence in refusal(TRAIN.main, config, *flags)


@pytest.mark.parametrize('flags, sentence', [
    (['here.pth', '--dump', 'p.json'], "must end in .pkl or .pickle, but got 'p.json'."),
    (['here.pth', '--show-dir', 'drawn'], 'need a visualization hook, but default_hooks'),
    (['gone.pth'], "checkpoint must name an existing checkpoint, but there is no file 'gone.pth'."),
])
def test_test_refuses_with_a_sentence(
        config: str, refusal: Callable, flags: list[str], sentence: str) -> None:
    Path('here.pth').touch()
    assert sentence in refusal(TEST.main, config, *flags)


def test_show_dir_sets_the_visualization_hook(config: str) -> None:
    cfg = Config(dict(default_hooks=dict(visualization=dict(type='VisualizationHook'))))
    args = TEST.parse_args([config, 'c.pth', '--show-dir', 'd', '--interval', '5'])
    TEST.enable_drawing(cfg, args)
    assert cfg.default_hooks.visualization == dict(
        type='VisualizationHook', enable=True, show=False, wait_time=2, out_dir='d', interval=5)


def test_log_level_debug_shows_the_traceback_of_a_sentence(config: str, refusal: Callable) -> None:
    options = ['--cfg-options', 'train_dataloader.dataset.type=NoSuchDataset']
    message = refusal(TRAIN.main, config, *options)
    assert message.startswith(f'{Path(sys.argv[0]).name}: error: NoSuchDataset is not in the ')
    with pytest.raises(KeyError, match='NoSuchDataset is not in the'):
        run(TRAIN.main, config, *options, 'log_level=DEBUG')


def test_missing_data_stop_the_command_before_a_model_is_built(tmp_path: Path) -> None:
    config = write_task(tmp_path)
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    built = tmp_path / 'built'
    command = [sys.executable, str(ROOT / 'tools' / 'train.py'), str(config), '--cfg-options']
    env = dict(os.environ, PYTHONPATH=str(HERE), TOY_MODEL_BUILT=str(built))

    missing = subprocess.run(
        [*command, 'val_dataloader.dataset.ann_file=missing.json'],
        cwd=elsewhere, env=env, capture_output=True, text=True)
    assert missing.returncode == 2
    assert missing.stderr.startswith('train.py: error: ')
    assert 'missing.json' in missing.stderr
    assert len(missing.stderr.splitlines()) == 1
    assert not built.exists()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_help_names_every_flag_of_mmaction2(tool: str, capsys: pytest.CaptureFixture) -> None:
    upstream = Path(mmaction.__file__).parent / '.mim' / 'tools' / tool
    flags = set(re.findall(r"'(--[a-z_-]+)'", upstream.read_text()))
    assert len(flags) >= 9
    with pytest.raises(SystemExit):
        load_tool(tool).parse_args(['--help'])
    shown = capsys.readouterr().out
    assert flags <= set(re.findall(r'--[a-z_-]+', shown))
    assert f'python tools/{tool} configs/bss/nvgesture_bssl.py' in shown


@pytest.mark.slow
def test_two_processes_train_and_test_without_a_gpu(tmp_path: Path) -> None:
    config = write_task(tmp_path)

    def launch(script: str, *args: str) -> None:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        env = dict(os.environ, PYTHON=sys.executable, PYTHONPATH=str(HERE), PORT=str(port),
                   CUDA_VISIBLE_DEVICES='')
        subprocess.run(['bash', str(ROOT / 'tools' / script), *args], cwd=tmp_path, env=env,
                       check=True)

    launch('dist_train.sh', str(config), '2', '--work-dir', 'trained')
    checkpoint = str(tmp_path / 'trained' / 'epoch_2.pth')
    # Six samples in batches of two on two ranks: two iterations an epoch.
    assert torch.load(checkpoint, weights_only=True)['meta']['iter'] == 4
    launch('dist_test.sh', str(config), checkpoint, '2', '--work-dir', 'tested')
    result = json.loads(next((tmp_path / 'tested').glob('*/*.json')).read_text())
    w, b = weights(checkpoint)
    pairs = [(.1, .3), (-.4, -.7), (.9, 1.9), (.5, 1.2), (-.8, -1.5), (.3, .5)]
    expected = sum((w * x + b - y) ** 2 for x, y in pairs) / 6
    assert result['error'] == pytest.approx(expected, rel=1e-5)
