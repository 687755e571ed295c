"""Every rebalancing method keeps the same promises, on the toy task, as its own config has it."""
from __future__ import annotations

import contextlib
import copy
import inspect
import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest
import torch
from mmengine.device import get_device
from mmengine.registry import HOOKS, MODELS, OPTIM_WRAPPERS

import projects.bss.rebalance as rebalance
from projects.bss.rebalance import GradientHook
from tests.test_rebalance.probes import ScalingOptimWrapper, build, run, train, weights_of
from tests.test_rebalance.recipes import (EXTENDED, LIMITS, METHODS, ROOT, SGD, TWO, arguments_of,
                                          at_limit, methods_in, part_of, plain, recipe, recipes_of,
                                          toy)
from tests.toy import BSS_H, BSS_L, VANILLA
from tools.misc.methods import page_of

PAGES = ROOT / 'docs' / 'en' / 'rebalance'
each_method = pytest.mark.parametrize('name', sorted(METHODS))

# Who says what is drawn refuses BSS, which does so too.
WITHOUT_BSS = {name: f'One hook can plan the epochs, but .* has {name} and BSSHook, each'
               for name, method in METHODS.items() if method.seam == 'sampler'}
# Modalities have an order in these, or draw random numbers one after the other.
ORDERED = {'AMSSHook', 'MLAClassifier', 'ReconBoostClassifier', 'SMVHook'}


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
    cited = re.search(r'^Reference:\n    (.+)', module.__doc__, re.MULTILINE | re.DOTALL)
    assert cited and re.match(r'\S.+: \S.+, \S.+ (19|20)\d\d\b', ' '.join(cited[1].split()))
    row = re.compile(rf'^\|.*`{name}`.*\| .+ (19|20)\d\d \|$', re.MULTILINE)
    assert len(row.findall((PAGES / 'README.md').read_text(encoding='utf-8'))) == 1
    others = (ROOT / 'configs' / 'rebalance').glob('cremad_*.py')
    assert recipes_of(name) and any(f"'{name}'" in path.read_text() for path in others)
    assert name in rebalance.__all__
    pure = [member for member, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__
            and member in rebalance.__all__]
    assert pure, 'a method has pure functions beside its adapter'


@each_method
def test_its_page_says_what_it_has_to(name):
    text = (PAGES / page_of(METHODS[name], PAGES)).read_text(encoding='utf-8')
    assert len(text.splitlines()) <= 60 and f'`{name}`' in text
    for part in ('Idea', 'What is computed', 'When it helps', 'Cost', 'Deviations from '):
        assert f'**{part}' in text or f'## {part}' in text, part
    own = arguments_of(METHODS[name]) - {'self', 'kwargs', 'init_cfg'}
    assert {option for option in own if not re.search(rf'\b{option}\b', text)} == set()


@each_method
def test_its_config_builds(name):
    made = recipe(recipes_of(name)[0])
    model = MODELS.build({**made['model'], 'data_preprocessor': None})
    hooks = [HOOKS.build(dict(hook)) for hook in made['custom_hooks']]
    built = [type(part) for part in (model, model.head, *hooks)]
    assert METHODS[name] in built
    assert model.predict({stream: torch.eye(model.num_classes) for stream in (
        *model.modalities, 'fused')})['fused'].shape == (model.num_classes, ) * 2


@each_method
def test_two_modalities_under_bss_h_and_the_state_of_the_model(tmp_path, name):
    first = BSS_H
    if name in WITHOUT_BSS:
        with refused(WITHOUT_BSS[name]):
            run(toy(tmp_path, name, TWO, BSS_H))
        first = VANILLA
    made = toy(tmp_path, name, TWO, first)
    runner, _ = run(made)
    assert runner.epoch == 2 and runner.iter == runner.max_iters
    assert all(value.isfinite().all() for value in weights_of(runner).values())

    twin = MODELS.build(made['model']).eval()
    twin.load_state_dict(runner.model.state_dict())
    assert equal(dict(twin.state_dict()), dict(runner.model.state_dict()))
    for batch in runner.val_dataloader:
        for predicted, again in zip(runner.model.val_step(batch), twin.val_step(batch)):
            assert equal(predicted.to_dict(), again.to_dict())


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
def test_it_acts_and_at_its_limit_it_is_plain_training(tmp_path, name):
    acting, usual = (weights_of(run(made)[0]) for made in (
        toy(tmp_path, name, epochs=3), plain(toy(tmp_path, name, epochs=3), name)))
    assert set(acting) != set(usual) or not same(usual, acting)

    assert name in LIMITS, 'say in tests/test_rebalance/recipes.py where it is plain training'
    limit = LIMITS[name]
    idle = at_limit(toy(tmp_path, name, epochs=3, method=limit.options), limit)
    untouched = plain(at_limit(toy(tmp_path, name, epochs=3), limit), name)
    if limit.plain is not None:
        untouched['model']['head']['loss_weights'] = limit.plain
    ends = [weights_of(run(made)[0]) for made in (idle, untouched)]
    assert same(ends[1], ends[0])
    assert set(ends[1]) <= set(ends[0])


@each_method
def test_the_order_of_the_modalities_does_not_matter(tmp_path, name):
    runner, _ = build(toy(tmp_path, name, TWO, smooth=True))
    untrained = copy.deepcopy(runner.model)
    left = weights_of(train(runner))
    # Not before the first is trained: there is one current run at a time.
    runner, _ = build(toy(tmp_path, name, TWO[::-1], smooth=True))
    begin_alike(runner.model, untrained)
    right = weights_of(train(runner))
    differing = [key for key, value in left.items() if key.startswith('encoders')
                 and not torch.allclose(value, right[key], atol=1e-5, rtol=1e-4)]
    assert bool(differing) == (name in ORDERED)


@torch.no_grad()
def begin_alike(model: torch.nn.Module, other: torch.nn.Module) -> None:
    """Give a model the weights of another one, in which modalities have other columns."""
    model.load_state_dict(other.state_dict())
    blocks, sources = (part.head.modality_weights(part.fusion) for part in (model, other))
    for name, mine in blocks.items():
        for (weight, columns), (source, places) in zip(mine, sources[name]):
            weight[:, columns] = source[:, places]


@each_method
def test_four_accumulated_batches_are_one_large_one(tmp_path, name):
    size = dict(size=16, smooth=True, epochs=2)
    made = toy(tmp_path, name, TWO, batch_size=1, **size, optim_wrapper=dict(
        optimizer=SGD, accumulative_counts=4))
    kinds = {method.accumulation for method in methods_in(made)}
    with refused(f'{name} does not accumulate gradients' if kinds == {'refused'} else None):
        parts = run(made)[0]
    if kinds == {'refused'}:
        return
    large = run(toy(tmp_path, name, TWO, batch_size=4, **size))[0]
    close = dict(atol=1e-5, rtol=1e-4)
    differing = [key for key, value in weights_of(parts).items()
                 if not torch.allclose(value, weights_of(large)[key], **close)]
    assert bool(differing) == (kinds != {'whole'})


@OPTIM_WRAPPERS.register_module(force=True)
class BFloat16OptimWrapper(ScalingOptimWrapper):
    """Autocast with a scaled loss, on a CPU too."""

    @contextlib.contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast(get_device(), torch.bfloat16):
            yield


@each_method
def test_half_precision(tmp_path, name):
    made = toy(tmp_path, name, TWO, optim_wrapper=dict(type='BFloat16OptimWrapper', optimizer=SGD))
    runner, _ = run(made)
    trained, single = weights_of(runner), weights_of(run(toy(tmp_path, name, TWO))[0])
    assert all(value.isfinite().all() for value in trained.values())
    assert not same(trained, single)
    assert all(value.dtype == single[key].dtype for key, value in trained.items())


DDP = dict(device_ids=None, broadcast_buffers=False, find_unused_parameters=True)


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each of two processes has trained with each method."""
    folder = tmp_path_factory.mktemp('ranks')
    runs = {name: toy(folder / name, name, smooth=True) for name in METHODS}
    for name, made in runs.items():
        (wrapper, ) = {method.model_wrapper for method in methods_in(made)}
        options = DDP if wrapper == 'MMDistributedDataParallel' else {}
        made['model_wrapper_cfg'] = dict(type=wrapper, **options)
        assert recipe(recipes_of(name)[0]).get('model_wrapper_cfg', dict(type=(
            'MMDistributedDataParallel')))['type'] == wrapper
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


@each_method
def test_two_processes_have_the_same_coefficients_and_states(ranks, name):
    first, second = (rank[name] for rank in ranks)
    coefficients, states = first['coefficients'], first['states']
    assert equal(coefficients, second['coefficients'])
    assert equal(states, second['states'])
    assert set(states) == {method.__name__ for method in methods_in(toy(ROOT, name))
                           if issubclass(method, rebalance.CheckpointState)}
    if issubclass(METHODS[name], GradientHook):
        assert any(f'/{name}/' in key and values for key, values in coefficients.items())
