"""Every recipe is built and takes a training and a validation step on small real or generated data.

What is changed is size alone: fewer and smaller inputs, networks of transformers with few layers,
paths. Everything else is what the config says.
"""
from __future__ import annotations

import gc
import itertools
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from projects.bss.engine import BSSHook
from tests.data import write_nvgesture
from tests.native_audio_video import (write_cremad, write_grid_letters, write_kinetics_sounds,
                                      write_vggsound)
from tests.native_tables import write_avmnist
from tests.native_text_image import (write_fashion, write_sarcasm, write_tokenizers,
                                     write_twitter2015)

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
# What the miniature and the foreign model need, and what has to be of full size, has tests of its
# own: test_nvgesture.py, test_foreign_project.py.
ELSEWHERE = ('-mini', 'nvgesture_bssl-official', 'nvgesture_bssh-official')
RECIPES = sorted(path.relative_to(CONFIGS).with_suffix('').as_posix()
                 for path in CONFIGS.glob('[!_]*/*.py')
                 if not any(name in path.name for name in ELSEWHERE))
# One of each fusion and head, each kind of encoder, each data set: what runs without the marker.
QUICK = ['fusion/cremad_channel', 'fusion/avmnist_etmc', 'fusion/kinetics-sounds_affine',
         'fusion/twitter2015_weight', 'fusion/sarcasm_lstm', 'bss/vggsound_bssl',
         'bss/avmnist_bssh', 'bss/fashion_bssl', 'bss/twitter2015-clip_bssl',
         'unimodal/cremad_audio', 'ablation/cremad_bssh-gradmag']
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
FRAMES, PIXELS, CROP, SECONDS = 8, 44, 40, 0.5
TINY = dict(num_hidden_layers=1, num_attention_heads=2, hidden_size=16, intermediate_size=16)
TINY_CLIP = dict(TINY, patch_size=16, image_size=CROP)
WRITERS: dict[str, Callable[[Path], Path]] = dict(
    cremad=write_cremad, kinetics=write_kinetics_sounds, vggsound=write_vggsound,
    twitter2015=write_twitter2015, sarcasm=write_sarcasm, fashion=write_fashion,
    avmnist=write_avmnist, nvgesture=write_nvgesture, grid=write_grid_letters)
CLEAN: dict[str, dict[str, list[str]]] = dict(
    cremad={'annotations/train.csv': [f'annotations/{split}_clean.csv'
                                      for split in ('train', 'val', 'test')]},
    kinetics={'annotations/train.csv': [f'annotations/{split}_clean.csv'
                                        for split in ('train', 'val')]},
    vggsound={'train.csv': ['train_clean.csv', 'val_clean.csv']},
    sarcasm={'annotations/train_data.json': [f'annotations/{split}_clean_data.json'
                                             for split in ('train', 'val')]},
    nvgesture={'nvgesture_train_correct_v2.lst': ['nvgesture_train_clean.lst',
                                                  'nvgesture_val_clean.lst']})
# One modality takes its turn; some losses may weigh nothing.
SOME_AT_A_TIME = ('_reconboost', '_ogr-gb')
_RUNS = itertools.count()


def kind(recipe: str) -> str:
    """The data set of a recipe."""
    return recipe.split('/')[1].split('_')[0].split('-')[0]


@pytest.fixture(scope='session')
def native_data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Data sets in their native layout, each written when it is first asked for."""
    root = tmp_path_factory.mktemp('native')

    def folder(name: str) -> Path:
        if not (root / name).exists():
            WRITERS[name](root / name)
            # What prepare.py deals out, here the training list again, because it is so short.
            for whole, lists in CLEAN.get(name, {}).items():
                for clean in lists:
                    shutil.copy(root / name / whole, root / name / clean)
        return root / name

    return folder


@pytest.fixture(scope='session')
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tokenizers(tmp_path_factory.mktemp('tokenizers'))


@pytest.fixture(autouse=True)
def _memory_is_given_back() -> Iterator[None]:
    """A runner is part of a cycle, and Python lets several of full size pile up."""
    yield
    gc.collect()


def typed(value: Any) -> Iterator[dict]:
    """All dicts of a config that name a type."""
    if isinstance(value, dict):
        if 'type' in value:
            yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from typed(part)


def shrink(part: dict, tokenizers: Path) -> None:
    """Make one part of a config small."""
    smaller = dict(
        LoadAudio=dict(seconds=SECONDS),
        Resize=dict(size=(CROP, CROP)),
        RandomResizedCrop=dict(size=CROP),
        SampleWindow=dict(length=FRAMES),
        SampleCrop=dict(resize=PIXELS, size=CROP),
        Tokenize=dict(tokenizer=str(tokenizers / part.get('kind', 'bert'))),
        TorchvisionEncoder=dict(weights=None),
        BertEncoder={} if part.get('pretrained') is None else dict(
            pretrained=None, config=TINY, out_channels=part.get('out_channels') or 768),
        ClipTextEncoder=dict(pretrained=None, config=TINY),
        ClipVisionEncoder=dict(pretrained=None, config=TINY_CLIP),
        HeuristicScheduler=dict(pacing=dict(part.get('pacing') or {}, lambda_0=0.6)),
    ).get(part['type'], {})
    part.update(smaller)


def load(recipe: str, data_root: Path, tokenizers: Path, work_dir: Path) -> Config:
    cfg = Config.fromfile(CONFIGS / f'{recipe}.py')
    for loader in LOADERS:
        cfg[loader].update(num_workers=0, persistent_workers=False, batch_size=2)
        cfg[loader].dataset.update(data_root=str(data_root), indices=4, serialize_data=False)
        if isinstance(cfg[loader].dataset.get('classes'), str):
            cfg[loader].dataset.classes = str(data_root / cfg[loader].dataset.classes)
    for part in typed(cfg._cfg_dict):
        shrink(part, tokenizers)
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    # Writing networks of full width takes longer than training them.
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=-1, save_last=False)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), log_level='WARNING',
                             experiment_name=f'recipe{next(_RUNS)}'))
    return cfg


def train(cfg: Config) -> tuple[Runner, dict[str, torch.Tensor]]:
    """Train for one epoch; gives the runner and the parameters that training began with."""
    # Formatting the config and asking compilers for their versions takes longer than training.
    with patch('mmengine.runner.runner.collect_env', return_value={}), \
            patch.object(Config, 'pretty_text', ''):
        runner = Runner.from_cfg(cfg)
        runner.model.init_weights()
        begun = {name: value.clone() for name, value in runner.model.named_parameters()}
        runner._init_model_weights = lambda: None
        runner.train()
    return runner, begun


def check(recipe: str, native_data: Callable[[str], Path], tokenizers: Path,
          work_dir: Path) -> None:
    cfg = load(recipe, native_data(kind(recipe)), tokenizers, work_dir)
    runner, begun = train(cfg)
    modalities = runner.model.modalities
    scalars = runner.message_hub.log_scalars
    assert runner.iter >= 1
    assert math.isfinite(scalars['train/loss'].current())
    assert {key for key in scalars if key.startswith('val/acc')} == {
        f'val/acc/{stream}' for stream in (*modalities, 'fused')}
    trained = [any(not torch.equal(value, begun[f'encoders.{name}.{key}'])
                   for key, value in runner.model.encoders[name].named_parameters())
               for name in modalities]
    enough = any if recipe.endswith(SOME_AT_A_TIME) else all
    assert enough(trained), dict(zip(modalities, trained))
    for hook in runner.hooks:
        if isinstance(hook, BSSHook):
            assert hook.table.scored and hook.table.score.isfinite().all()


@pytest.mark.parametrize('recipe', QUICK)
def test_recipes_of_each_kind_train_and_validate(recipe, native_data, tokenizers, tmp_path):
    check(recipe, native_data, tokenizers, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('recipe', [recipe for recipe in RECIPES if recipe not in QUICK])
def test_every_other_recipe_trains_and_validates(recipe, native_data, tokenizers, tmp_path):
    check(recipe, native_data, tokenizers, tmp_path)
