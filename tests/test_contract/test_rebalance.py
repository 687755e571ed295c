"""Every rebalancing method keeps the same promises, on the toy task, as its own config has it."""
from __future__ import annotations

import contextlib
import inspect
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import mmengine.registry
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import OPTIM_WRAPPERS, Registry

import projects.bss.rebalance as rebalance
from projects.bss.models import JointHead, MultiModalClassifier
from tests.test_rebalance.probes import ScalingOptimWrapper, config, run, weights_of
from tests.toy import BSS_H, BSS_L, CLASSES, VANILLA, model_config

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / 'configs' / 'rebalance').glob('*.py'))
TWO, THREE = ('rgb', 'flow'), ('rgb', 'flow', 'depth')
SGD = dict(type='SGD', lr=0.05, momentum=0.9)

# Options with which a method acts within two epochs of a toy task that has linear encoders.
SOON = dict(AGMClipHook=dict(max_norm=0.1, threshold=0.0), DOMFNHead=dict(pretrain_epochs=1),
            MSESHook=dict(patience=1), MSLRHook=dict(window=1),
            OGMHook=dict(min_ndim=2), OGRGBHook=dict(super_epoch=1), PMRHook=dict(share=0.5),
            SMVHook=dict(warmup=1))
# Options with which a method is plain training; a method that has none is not named.
IDLE = dict(AGMClassifier=dict(alpha=0.0), AGMClipHook=dict(max_norm=1e9),
            AMSSHook=dict(bounds=(1, 1)), MSESHook=dict(patience=99),
            MSLRHook=dict(window=99, factors=dict.fromkeys(THREE, 1.0)),
            OGMHook=dict(alpha=0.0, noise=False),
            PMRHook=dict(alpha=0.0, entropy_weight=0.0),
            ReconBoostClassifier=dict(boosting_epochs=0), SMVHook=dict(thresholds=()))
# Options with which a method that is published for two modalities takes more.
EXTENDED = dict(PMRHook=dict(extension='mean_of_others'))
# Who refuses what, with a sentence.
WITHOUT_BSS = {'SMVHook': 'One hook can plan the epochs, but .* has SMVHook and BSSHook, each'}
WITHOUT_ACCUMULATION = {name: f'{name} does not accumulate gradients'
                        for name in ('MLAClassifier', 'MMParetoClassifier', 'ReconBoostClassifier')}
# What a method does to one batch is not the sum of what it does to parts of it, or is random.
BATCHWISE = {'AGMClassifier', 'AGMClipHook', 'AMSSHook', 'PMRHook'}


def is_method(value: type) -> bool:
    bounds = [getattr(value, name, None) for name in ('modalities', 'supported_modalities')]
    return value.__module__.startswith(rebalance.__name__) and any(
        isinstance(pair, tuple) for pair in bounds)


METHODS = {name: value for registry in vars(mmengine.registry).values()
           if isinstance(registry, Registry)
           for name, value in registry.module_dict.items() if is_method(value)}
each_method = pytest.mark.parametrize('name', sorted(METHODS))


def part_of(value: Any, name: str) -> dict | None:
    """The dict with this type, wherever it is in a config."""
    if isinstance(value, dict) and value.get('type') == name:
        return value
    inner = value.values() if isinstance(value, dict) else value
    parts = inner if isinstance(value, (dict, list, tuple)) else ()
    return next(filter(None, (part_of(part, name) for part in parts)), None)


@cache
def recipe(path: Path) -> dict:
    return Config.fromfile(path)._cfg_dict.to_dict()


def recipes_of(name: str) -> list[Path]:
    """Configs of a method, those of AV-MNIST first, plain names before variants."""
    found = [path for path in FILES if part_of(recipe(path), name)]
    return sorted(found, key=lambda path: (path.stem.split('_')[0], len(path.stem)))


def by_modality(value: Any, old: list[str], new: tuple[str, ...]) -> Any:
    """Rename modalities in keys; a modality too many gets what the last one has."""
    if isinstance(value, (list, tuple)):
        return type(value)(by_modality(part, old, new) for part in value)
    if not isinstance(value, dict):
        return value
    value = {key: by_modality(part, old, new) for key, part in value.items()}
    if not set(old) <= set(value):
        return value
    named = {name: value[old[min(i, len(old) - 1)]] for i, name in enumerate(new)}
    return {**named, **{key: part for key, part in value.items() if key not in old}}


def toy_model(path: Path, names: tuple[str, ...]) -> dict:
    """The model of a config with toy encoders."""
    own, toy = recipe(path)['model'], model_config(modalities=names)
    model = by_modality(own, list(own['encoders']), names)
    model.update(encoders=toy['encoders'], data_preprocessor=toy['data_preprocessor'])
    fusion, head = model['fusion'], model['head']
    fusion['in_channels'] = toy['fusion']['in_channels']
    for part in (fusion, head):
        part.update({key: CLASSES for key in ('num_classes', ) if key in part})
    if 'in_channels' in head:
        head['in_channels'] = fusion['in_channels']
    if head.get('fused_channels') is not None:
        head['fused_channels'] = 4 * len(names)
    return model


def toy(folder: Path, name: str, names: tuple[str, ...] = THREE, first: dict = VANILLA,
        smooth: bool = False, **options: Any) -> dict:
    """A toy run of a method as its config has it; options of the method are in ``method``."""
    path, given = recipes_of(name)[0], options.pop('method', {})
    hooks = [hook for hook in recipe(path)['custom_hooks'] if hook['type'] != VANILLA['type']]
    hooks = by_modality(hooks, list(recipe(path)['model']['encoders']), names)
    defaults = dict(epochs=2, size=18, batch_size=4, optim_wrapper=dict(optimizer=SGD))
    made = config(folder, *hooks, first=first, modalities=names, model=toy_model(path, names),
                  **{**defaults, **options})
    made['train_cfg']['val_interval'] = 1
    # A last batch of one sample is too small for BatchNorm.
    made['train_dataloader']['drop_last'] = not smooth
    if smooth:
        for encoder, width in zip(made['model']['encoders'].values(), (6, 4, 5)):
            encoder.update(type='MLPEncoder', in_channels=width, hidden=[8], out_channels=4)
            del encoder['width'], encoder['dropout']
    for options in [SOON, EXTENDED] if len(names) > 2 else [SOON]:
        for part, wanted in options.items():
            (part_of(made, part) or {}).update(wanted)
    part_of(made, name).update(by_subset(given, names))
    return made


def by_subset(given: dict, names: tuple[str, ...]) -> dict:
    return {key: {n: value[n] for n in names} if isinstance(value, dict) else value
            for key, value in given.items()}


def plain(made: dict, name: str) -> dict:
    """The same run without the method."""
    made['custom_hooks'] = [hook for hook in made['custom_hooks'] if hook['type'] != name]
    for part, usual in ((made['model'], MultiModalClassifier), (made['model']['head'], JointHead)):
        if part['type'] == name:
            for option in arguments_of(METHODS[name]) - arguments_of(usual):
                part.pop(option, None)
            part['type'] = usual.__name__
    return made


def arguments_of(kind: type) -> set[str]:
    return set(inspect.signature(kind.__init__).parameters)


def same(left: dict, right: dict) -> bool:
    """Whether all that both have is bit-equal; a method may have buffers of its own."""
    return all(torch.equal(value, right[key]) for key, value in left.items() if key in right)


@contextlib.contextmanager
def refused(sentence: str | None):
    """What is inside must be refused with this sentence, or must not be if it is None."""
    if sentence is None:
        yield
    else:
        with pytest.raises(ValueError, match=sentence):
            yield


def equal(left: Any, right: Any) -> bool:
    """Whether two nested states are bit-equal."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    return left == right


def test_all_methods_of_the_paper_are_there():
    assert {'AGMClassifier', 'AMSSHook', 'DOMFNHead', 'MLAClassifier', 'MMParetoClassifier',
            'MSESHook', 'MSLRHook', 'OGMHook', 'OGRGBHook', 'PMRHook', 'ReconBoostClassifier',
            'SMVHook'} <= set(METHODS)


@each_method
def test_it_is_documented_cited_and_configured(name):
    method = METHODS[name]
    module = sys.modules[method.__module__]
    cited = module.__doc__ + method.__doc__
    assert re.search(r'(Reference:|, )', cited) and re.search(r'\b(19|20)\d\d\b', cited), cited
    pages = [page for page in (ROOT / 'docs' / 'en' / 'rebalance').glob('*.md')
             if f'`{name}' in page.read_text(encoding='utf-8')]
    assert pages and all(len(page.read_text(encoding='utf-8').splitlines()) <= 60 for page in pages)
    assert {path.name.split('_')[0] for path in recipes_of(name)} >= {'avmnist', 'cremad'}
    assert name in rebalance.__all__
    pure = [member for member, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
            and member in rebalance.__all__]
    assert pure, 'a method has pure functions beside its adapter'


@each_method
def test_two_modalities_under_bss_h(tmp_path, name):
    with refused(WITHOUT_BSS.get(name)):
        runner, _ = run(toy(tmp_path, name, TWO, BSS_H))
        assert runner.epoch == 2 and runner.iter == runner.max_iters
        assert all(value.isfinite().all() for value in weights_of(runner).values())


@each_method
def test_three_modalities_under_bss_l_resume_to_the_uninterrupted_run(tmp_path, name):
    with refused(WITHOUT_BSS.get(name)):
        run(toy(tmp_path, name, first=BSS_L, epochs=1))
    first = VANILLA if name in WITHOUT_BSS else BSS_L

    def made(folder, **options):
        saving = dict(checkpoint=dict(type='CheckpointHook', interval=5, by_epoch=False))
        return toy(tmp_path / folder, name, first=first, default_hooks=saving, **options)

    whole, batches = run(made('whole'))
    saved = tmp_path / 'whole' / 'iter_5.pth'
    resumed, rest = run(made('cut', resume=True, load_from=str(saved)))
    assert rest == batches[5:] != []
    assert equal(weights_of(whole), weights_of(resumed))
    left, right = (torch.load(tmp_path / run_ / f'iter_{whole.iter}.pth', weights_only=True)
                   for run_ in ('whole', 'cut'))
    for key in ('state_dict', 'optimizer', 'rebalance'):
        assert equal(left.get(key), right.get(key)), key
    assert equal(torch.load(saved, weights_only=True)['state_dict'], left['state_dict']) is False


@pytest.mark.parametrize('name', EXTENDED)
def test_three_modalities_are_refused_where_the_method_has_two(tmp_path, name):
    made = toy(tmp_path, name)
    for option in EXTENDED[name]:
        del part_of(made, name)[option]
    with pytest.raises(ValueError, match=f'{name} is published for two modalities, but .* has 3'):
        run(made)


@each_method
def test_it_acts_and_idle_it_is_plain_training(tmp_path, name):
    acting, untouched = (weights_of(run(made)[0]) for made in (
        toy(tmp_path, name, epochs=3), plain(toy(tmp_path, name, epochs=3), name)))
    if METHODS[name].__name__ in IDLE:
        idle = weights_of(run(toy(tmp_path, name, epochs=3, method=IDLE[name]))[0])
        assert same(untouched, idle)
    assert set(acting) != set(untouched) or not same(untouched, acting)


@each_method
def test_four_accumulated_batches_are_one_large_one(tmp_path, name):
    size = dict(size=16, smooth=True, epochs=2)
    with refused(WITHOUT_ACCUMULATION.get(name)):
        parts = run(toy(tmp_path, name, TWO, batch_size=1, **size, optim_wrapper=dict(
            optimizer=SGD, accumulative_counts=4)))[0]
    if name in WITHOUT_ACCUMULATION:
        return
    large = run(toy(tmp_path, name, TWO, batch_size=4, **size))[0]
    close = dict(atol=1e-5, rtol=1e-4)
    differing = [key for key, value in weights_of(parts).items()
                 if not torch.allclose(value, weights_of(large)[key], **close)]
    assert bool(differing) == (name in BATCHWISE)


@OPTIM_WRAPPERS.register_module(force=True)
class BFloat16OptimWrapper(ScalingOptimWrapper):
    """Autocast on a CPU, with a scaled loss."""

    @contextlib.contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield


@each_method
def test_half_precision(tmp_path, name):
    made = toy(tmp_path, name, TWO, optim_wrapper=dict(type='BFloat16OptimWrapper', optimizer=SGD))
    runner, _ = run(made)
    trained, single = weights_of(runner), weights_of(run(toy(tmp_path, name, TWO))[0])
    assert all(value.isfinite().all() for value in trained.values())
    assert not same(trained, single)
    assert all(value.dtype == single[key].dtype for key, value in trained.items())


WRAPPER = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
               find_unused_parameters=True)


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each of two processes has trained with each method."""
    folder = tmp_path_factory.mktemp('ranks')
    runs = {name: dict(toy(folder / name, name, smooth=True), model_wrapper_cfg=recipe(
        recipes_of(name)[0]).get('model_wrapper_cfg', WRAPPER)) for name in METHODS}
    (folder / 'runs.json').write_text(json.dumps(runs))
    worker = ROOT / 'tests' / 'test_rebalance' / 'step_worker.py'
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, worker, str(rank), '2', folder], cwd=folder,
                                env=environment, text=True, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE) for rank in range(2)]
    errors = [worker.communicate(timeout=600)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]


@each_method
def test_two_processes_train_one_model(ranks, tmp_path, name):
    first, second = (rank[name]['weights'] for rank in ranks)
    assert first.keys() == second.keys()
    assert [key for key, value in first.items() if not torch.equal(value, second[key])] == []
    untrained, _ = run(toy(tmp_path, name, smooth=True, epochs=1, optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=0.0))))
    assert not same(first, weights_of(untrained))
