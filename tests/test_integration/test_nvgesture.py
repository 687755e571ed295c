"""The shipped configs on gesture clips: real ones where they are at hand, else generated."""
from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from projects.bss.engine import BSSHook
from tests.data import write_small_miniature

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
FULL = ['fusion/nvgesture_multihead', 'bss/nvgesture_bssh', 'bss/nvgesture_bssl']
MINI = ['fusion/nvgesture-mini_multihead', 'bss/nvgesture-mini_bssh', 'bss/nvgesture-mini_bssl',
        'unimodal/nvgesture-mini_rgb', 'unimodal/nvgesture-mini_flow',
        'unimodal/nvgesture-mini_depth']
UNIMODAL = [f'unimodal/nvgesture_{name}' for name in ('rgb', 'flow', 'depth')]
OFFICIAL = ['bss/nvgesture_bssh-official', 'bss/nvgesture_bssl-official']
_RUNS = itertools.count()


def pipelines(cfg: Config) -> list[list[dict]]:
    found = [cfg[loader].dataset.pipeline
             for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')]
    scoring = cfg.custom_hooks[0].get('scoring', {}).get('pipeline')
    return found + ([scoring] if scoring else [])


def load(name: str, data_root: Path, work_dir: Path, **sizes: int) -> Config:
    """A shipped config, changed in paths, worker processes and sizes only."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[loader].update(num_workers=0, persistent_workers=False)
        cfg[loader].dataset.data_root = str(data_root)
        cfg[loader].dataset.update(sizes.get('dataset') or {})
    for pipeline in pipelines(cfg):
        pipeline[0].update(length=sizes.get('frames', 8))
        pipeline[1].update(resize=sizes.get('resize', 44), size=sizes.get('size', 40))
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), log_level='WARNING',
                             experiment_name=f'nvgesture{next(_RUNS)}'))
    return cfg


def train(cfg: Config) -> Runner:
    with patch('mmengine.runner.runner.collect_env', return_value={}):
        runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


@pytest.mark.parametrize('name', FULL + UNIMODAL)
def test_full_size_models_train_and_validate(name, nvgesture_mini_root, tmp_path):
    runner = train(load(name, nvgesture_mini_root, tmp_path))
    assert runner.iter >= 1
    metrics = {key for key in runner.message_hub.log_scalars if key.startswith('val/acc')}
    streams = name.rpartition('_')[2:] if name in UNIMODAL else ('rgb', 'flow', 'depth')
    assert metrics == {f'val/acc/{stream}' for stream in (*streams, 'fused')}


@pytest.mark.parametrize('name', MINI)
def test_miniature_configs_train_and_validate(name, miniature_root, tmp_path):
    cfg = load(name, miniature_root, tmp_path, dataset=dict(num_classes=4))
    head = cfg.model if 'unimodal' in name else cfg.model.head
    head.num_classes = 4
    assert train(cfg).iter >= 1


@pytest.mark.slow
@pytest.mark.parametrize('name', OFFICIAL)
def test_official_configs_train_and_validate(name, nvgesture_mini_root, tmp_path):
    """The authors' pooling needs 57 frames of 193 pixels, so only the number of clips is small."""
    cfg = load(name, nvgesture_mini_root, tmp_path, frames=57, resize=224, size=193)
    for pipeline in pipelines(cfg)[1:3]:
        pipeline[0].update(length=None)
    if 'bssh' in name:
        cfg.custom_hooks[0].scheduler.pacing.t_grow = 1  # four clips, of which a tenth is no batch
    runner = train(cfg)
    hook = next(h for h in runner.hooks if isinstance(h, BSSHook))
    assert runner.iter >= 1 and hook.table.scored
    assert list(tmp_path.glob('best_acc_fused*.pth'))


def test_the_most_balanced_clip_has_a_higher_score_than_the_least(nvgesture_mini_root, tmp_path):
    runner = train(load('bss/nvgesture_bssl', nvgesture_mini_root, tmp_path))
    table = next(h for h in runner.hooks if isinstance(h, BSSHook)).table
    best, worst = int(table.score.argmax()), int(table.score.argmin())
    assert table.scored and table.age.tolist() == [1] * len(table)
    assert (table.correlation[best] > table.correlation[worst]
            or table.information[best] < table.information[worst])
    assert len(torch.unique(table.score)) > 1


def test_modalities_of_the_data_and_the_model_must_match(nvgesture_mini_root, tmp_path):
    cfg = load('bss/nvgesture_bssl', nvgesture_mini_root, tmp_path)
    cfg.train_dataloader.dataset.modalities = ('rgb', 'depth')
    with pytest.raises(ValueError, match=r"modalities of the encoders, \['rgb', 'flow', 'depth'\]"):
        train(cfg)


def test_wrong_number_of_classes(nvgesture_mini_root, tmp_path):
    cfg = load('bss/nvgesture_bssl', nvgesture_mini_root, tmp_path)
    cfg.model.head.num_classes = 1
    with pytest.raises(ValueError, match=r'num_classes = 1, but got \d'):
        train(cfg)


def test_a_corrupt_clip_is_named_and_left_without_score(tmp_path):
    root = write_small_miniature(tmp_path / 'data')
    lines = (root / 'nvgesture_train_correct_v2.lst').read_text().splitlines()
    folder = lines[5].split()[0].removeprefix('path:')
    video = root / folder / 'sk_color.avi'
    video.write_bytes(video.read_bytes()[:600])
    cfg = load('bss/nvgesture-mini_bssl', root, tmp_path / 'run', dataset=dict(num_classes=4))
    cfg.model.head.num_classes = 4
    with pytest.raises(ValueError, match='sk_color.avi'):
        train(cfg.copy())
    for loader in ('train_dataloader', 'val_dataloader'):
        cfg[loader].dataset.on_error = 'skip'
    cfg.experiment_name += 'skip'
    table = next(h for h in train(cfg).hooks if isinstance(h, BSSHook)).table
    assert table.unmeasured.tolist() == [5] and table.score[5] == -1


def crops_of(runner: Runner) -> list[float]:
    """What the training views of two clips look like."""
    dataset = runner.train_dataloader.dataset
    return [float(dataset[i]['inputs']['rgb'].float().mean()) for i in (3, 7)]


@pytest.mark.parametrize('persistent, cuts', [
    (True, [3, 6]), pytest.param(False, [6], marks=pytest.mark.slow)])
def test_resuming_restores_random_crops_made_by_workers(miniature_root, tmp_path, persistent,
                                                        cuts):

    def make(folder: str) -> Config:
        cfg = load('bss/nvgesture-mini_bssl', miniature_root, tmp_path / folder, frames=5,
                   resize=44, size=40, dataset=dict(num_classes=4))
        cfg.model.head.num_classes = 4
        cfg.train_dataloader.update(batch_size=4, num_workers=2, persistent_workers=persistent)
        cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1, by_epoch=False)
        cfg.train_cfg.max_epochs = 2
        return cfg

    whole = train(make('whole'))
    for cut in cuts:
        cfg = make(f'cut{cut}')
        cfg.merge_from_dict(dict(resume=True, load_from=str(tmp_path / f'whole/iter_{cut}.pth')))
        resumed = train(cfg)
        for name, value in whole.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[name], value), (cut, name)
    assert crops_of(whole) == crops_of(resumed)
    whole.train_dataloader.dataset.seed_views(42, 7)
    assert crops_of(whole) != crops_of(resumed)


@pytest.mark.parametrize('tool, arguments', [('train', []), ('test', ['checkpoint'])])
def test_without_the_data_set_one_sentence_before_any_model(tool, arguments, tmp_path):
    arguments = [str(tmp_path / argument) for argument in arguments]
    for path in arguments:
        Path(path).touch()
    result = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / f'{tool}.py'),
         str(CONFIGS / 'bss' / 'nvgesture_bssl.py'), *arguments],
        cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 2
    assert 'Traceback' not in result.stderr
    for part in ('nvgesture_t', '_correct_v2.lst', 'NVIDIA',
                 'python tools/data/nvgesture/make_miniature.py'):
        assert part in result.stderr


@pytest.mark.slow
def test_the_demonstration_runs(tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'demo.py'), '--out', str(tmp_path),
         '--cfg-options', 'train_cfg.max_epochs=3', 'train_cfg.val_interval=1'],
        capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    *_, vanilla, heuristic, learned, _, figure = result.stdout.rstrip().splitlines()
    for name, row in (('vanilla', vanilla), ('BSS-H', heuristic), ('BSS-L', learned)):
        cells = row.split()
        assert cells[0] == name and len(cells) == 9
        assert all(0 <= float(cell) <= 100 for cell in cells[1:])
    assert Path(figure.split(': ')[1]).is_file()
