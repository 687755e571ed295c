"""PMR by numbers, and the hook in real runs."""
from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, TRANSFORMS

from projects.bss.rebalance import (PMRHook, class_means, entropy_weights, modality_ratios,
                                    prototype_entropy, prototype_logits, prototype_weights,
                                    update_prototypes)
from tests.test_rebalance.probes import config, hook_of, run, same_weights, train
from tests.toy import BSS_L, PackVectors, build

PROTOTYPES = dict(a=torch.tensor([[0., 0], [3, 4], [6, 0]]),
                  v=torch.tensor([[1., 0], [0, 1], [-1, -1]]))
FEATURES = dict(a=torch.tensor([[0., 1], [3, 3]]), v=torch.tensor([[.5, .5], [0, 0]]))
LABELS = torch.tensor([0, 1])
NAN = math.nan


@pytest.fixture(scope='module')
def logits():
    return {name: prototype_logits(FEATURES[name], PROTOTYPES[name]) for name in PROTOTYPES}


def ratios_of(logits, labels=LABELS):
    return modality_ratios(torch.stack([
        rows.softmax(1).gather(1, labels[:, None]).mean() for rows in logits.values()]))


def near(value, expected):
    assert value.tolist() == pytest.approx(expected, abs=2e-6)


def test_worked_distances(logits):
    near(logits['a'].flatten(), [-1, -4.242640, -6.082763, -4.242640, -1, -4.242640])
    near(logits['v'].flatten(), [-.707107, -.707107, -2.121320, -1, -1, -1.414214])


def test_worked_ratio_and_losses(logits):
    scores = [rows.softmax(1).gather(1, LABELS[:, None]).sum() for rows in logits.values()]
    near(torch.stack(scores), [1.884236, .821627])
    near(ratios_of(logits), [2.293300, 1 / 2.293300])
    near(torch.stack([F.cross_entropy(rows, LABELS) for rows in logits.values()]),
         [.059744, .893258])


def test_squared_distances_would_give_another_ratio(logits):
    near(ratios_of({name: -rows.square() for name, rows in logits.items()})[0], 2.179168)


def test_worked_weights(logits):
    ratios = ratios_of(logits)
    near(prototype_weights(ratios), [0, 1])
    near(prototype_weights(ratios, 'switch'), [0, 1])
    near(entropy_weights(ratios), [1, 0])


def test_weights_between_their_bounds():
    ratios = modality_ratios(torch.tensor([.5, .4]))
    near(ratios, [1.25, .8])
    near(prototype_weights(ratios), [0, .25])
    near(prototype_weights(ratios, 'switch'), [0, 1])
    near(entropy_weights(ratios), [.25, 0])


@pytest.mark.parametrize('weighting', ['clipped', 'switch'])
def test_balanced_modalities_have_no_terms(weighting):
    for scores in ([.3, .3], [0., 0.], [.25, .25, .25]):
        ratios = modality_ratios(torch.tensor(scores))
        near(ratios, [1] * len(scores))
        assert not prototype_weights(ratios, weighting).any() and not entropy_weights(ratios).any()


def test_three_modalities_are_compared_with_the_mean_of_the_others():
    scores = torch.tensor([.6, .3, .2])
    near(modality_ratios(scores), [2.4, .75, .444444])
    near(prototype_weights(modality_ratios(scores)), [0, .333333, 1])
    for order in permutations(range(3)):
        near(modality_ratios(scores[list(order)]), modality_ratios(scores)[list(order)].tolist())


def test_worked_entropies(logits):
    near(prototype_entropy(logits['a']).mean(), .252894)
    near(prototype_entropy(logits['v']).mean(), 1.021334)


def test_class_means_by_a_loop():
    generator = torch.Generator().manual_seed(0)
    features, labels = torch.randn(30, 4, generator=generator), torch.arange(30) % 7 % 5
    means = class_means(features, labels, 6)
    for c in range(5):
        rows = [features[i] for i in range(30) if labels[i] == c]
        torch.testing.assert_close(means[c], sum(rows) / len(rows))
    assert means[5].isnan().all()


def test_momentum_and_missing_classes():
    old = torch.tensor([[3.], [3.], [NAN], [NAN]])
    new = torch.tensor([[1.], [NAN], [1.], [NAN]])
    assert update_prototypes(old, new, .2).flatten()[:3].tolist() == pytest.approx([1.4, 3, 1])
    assert update_prototypes(old, new, 0.)[3].isnan()


def test_an_unknown_class_takes_no_part():
    prototypes = torch.cat([PROTOTYPES['a'], torch.full((1, 2), NAN)])
    features = FEATURES['a'].clone().requires_grad_()
    found = prototype_logits(features, prototypes)
    assert torch.equal(found[:, :3], prototype_logits(FEATURES['a'], PROTOTYPES['a']))
    assert (found[:, 3] == -math.inf).all()
    near(prototype_entropy(found).mean(), .252894)
    (F.cross_entropy(found, LABELS) + prototype_entropy(found).sum()).backward()
    assert features.grad.isfinite().all() and features.grad.any()


def test_a_feature_on_its_prototype_has_a_finite_gradient():
    features = PROTOTYPES['a'].clone().requires_grad_()
    F.cross_entropy(prototype_logits(features, PROTOTYPES['a']), torch.arange(3)).backward()
    assert features.grad.isfinite().all()


def test_half_precision_is_widened():
    rows = FEATURES['a'].bfloat16()
    assert torch.equal(prototype_logits(rows, PROTOTYPES['a']),
                       prototype_logits(rows.float(), PROTOTYPES['a']))


@pytest.mark.parametrize('given, message', [
    (dict(alpha=-1), '`begin` must not be negative, but got -1, 0.1, 5 and 0: 0 turns a term off'),
    (dict(begin=5, end=4), '`end` must not lie before `begin`, 5, but got 4'),
    (dict(momentum=1.), r'`momentum` must lie in \[0, 1\) and `share` in \(0, 1\], but got 1.0'),
    (dict(share=0.), r'but got 0.2 and 0.0'),
    (dict(weighting='clip'), "Unknown weighting 'clip'. Did you mean 'clipped'"),
    (dict(extension='mean_of'), "Unknown extension 'mean_of'. Did you mean 'mean_of_others'"),
])
def test_refused_arguments(given, message):
    with pytest.raises(ValueError, match=message):
        PMRHook(**given)


# Real runs.
@TRANSFORMS.register_module(force=True)
class PackIncomplete(PackVectors):
    """End of a pipeline in which every fourth sample lacks rgb, whose place holds NaN."""

    def transform(self, results):
        packed = super().transform(results)
        if results['sample_idx'] % 4 == 1:
            packed['data_samples'].set_metainfo(dict(absent=('rgb', )))
            packed['inputs']['rgb'] = torch.full((6, ), NAN)
        return packed


@OPTIM_WRAPPERS.register_module(force=True)
class HalfOptimWrapper(OptimWrapper):
    """Mixed precision on a CPU, which AmpOptimWrapper refuses."""

    @contextmanager
    def optim_context(self, model):
        with super().optim_context(model), torch.autocast(get_device(), torch.bfloat16):
            yield


PMR = dict(type='PMRHook', share=.5, entropy_epochs=2)
THREE = dict(PMR, extension='mean_of_others')
EVERY = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))


def toy(folder, *hooks, modalities=('rgb', 'flow'), **options):
    return config(folder, *hooks, modalities=modalities, **options)


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """Folder with checkpoints of every iteration of a run, and how it ended."""
    folder = tmp_path_factory.mktemp('saved')
    return folder, run(toy(folder, PMR, epochs=4, default_hooks=EVERY))[0]


@pytest.mark.parametrize('cut', [5, 7, 17, 21])
def test_resumed_run_equals_uninterrupted(saved, tmp_path, cut):
    folder, whole = saved
    resumed, _ = run(toy(tmp_path, PMR, epochs=4, resume=True,
                         load_from=str(folder / f'iter_{cut}.pth')))
    assert same_weights(resumed, whole)
    ours, theirs = (hook_of(runner, 'PMRHook').prototypes for runner in (resumed, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in ('rgb', 'flow'))


def test_state_is_plain(saved):
    state = torch.load(saved[0] / 'iter_5.pth', weights_only=True)['rebalance']['PMRHook']
    assert state['computed'] == 0
    assert {name: rows.shape for name, rows in state['prototypes'].items()} == dict(
        rgb=(3, 4), flow=(3, 4))


def test_it_changes_training_unless_both_strengths_are_zero(saved, tmp_path):
    plain, _ = run(toy(tmp_path / 'plain', epochs=4))
    idle, _ = run(toy(tmp_path / 'idle', dict(PMR, alpha=0., entropy_weight=0.), epochs=4))
    assert same_weights(plain, idle)
    assert not same_weights(plain, saved[1])


def test_nothing_happens_outside_the_window(saved, tmp_path):
    plain, _ = run(toy(tmp_path / 'plain', epochs=2))
    late, _ = run(toy(tmp_path / 'late', dict(PMR, begin=2), epochs=2))
    assert same_weights(plain, late)
    assert hook_of(late, 'PMRHook')._computed == 1
    early, _ = run(toy(tmp_path / 'early', dict(PMR, end=0), epochs=2))
    assert hook_of(early, 'PMRHook')._computed == 0
    assert not same_weights(plain, early)


def all_features(runner):
    """Features of the whole training set by a loop over single samples, and labels."""
    model, dataset = runner.model.eval(), runner.train_dataloader.dataset
    rows, labels = {'rgb': [], 'flow': []}, []
    for item in (dataset[i] for i in range(len(dataset))):
        data = model.data_preprocessor(pseudo_collate([item]))
        features = model(data['inputs'], mode='tensor')['features']
        labels.append(int(item['data_samples'].gt_labels.item))
        for name in rows:
            rows[name].append(features[name][0].detach().cpu())
    return {name: torch.stack(vectors) for name, vectors in rows.items()}, torch.tensor(labels)


def test_prototypes_are_class_means_of_the_training_set(tmp_path):
    runner, _ = build(toy(tmp_path, dict(PMR, share=1.), epochs=3))
    hook, seen = hook_of(runner, 'PMRHook'), []
    refresh = hook.before_train_epoch

    def look(runner):
        refresh(runner)
        features, labels = all_features(runner)
        runner.model.train()
        seen.append((dict(hook.prototypes), {
            name: class_means(rows, labels, 3) for name, rows in features.items()}))

    hook.before_train_epoch = look
    train(runner)
    for epoch, (prototypes, means) in enumerate(seen):
        for name, rows in prototypes.items():
            expected = means[name] if epoch < 2 else .8 * means[name] + .2 * seen[1][0][name].cpu()
            torch.testing.assert_close(rows.cpu(), expected)


@pytest.mark.parametrize('weighting', ['clipped', 'switch'])
def test_terms_of_a_batch(tmp_path, weighting):
    runner, _ = build(toy(tmp_path, dict(PMR, weighting=weighting, alpha=2.), epochs=1))
    hook, losses = hook_of(runner, 'PMRHook'), []
    modify = hook.modify

    def look(given, outputs):
        losses.append((given, outputs, modify(given, outputs)))
        return losses[-1][-1]

    hook.modify = look
    train(runner)
    prototypes = hook.prototypes  # of the one epoch
    for given, outputs, changed in losses:
        logits = {name: prototype_logits(outputs.features[name], prototypes[name])
                  for name in prototypes}
        ratios = ratios_of(logits, outputs.labels)
        slow = prototype_weights(ratios, weighting)
        assert {name: changed[name] for name in given} == given
        for i, (name, rows) in enumerate(logits.items()):
            torch.testing.assert_close(changed[f'PMRHook/ratio_{name}'], ratios[i])
            torch.testing.assert_close(changed[f'loss_prototype_{name}'],
                                       2 * slow[i] * F.cross_entropy(rows, outputs.labels))
            torch.testing.assert_close(
                changed[f'loss_entropy_{name}'],
                -.1 * entropy_weights(ratios)[i] * prototype_entropy(rows).mean())
    assert runner.message_hub.get_scalar('train/PMRHook/ratio_rgb').current() > 0


def test_entropy_ends_after_its_epochs(saved):
    count = {name: len(saved[1].message_hub.get_scalar(f'train/loss_{name}').data[0])
             for name in ('entropy_rgb', 'prototype_rgb')}
    assert count == dict(entropy_rgb=14, prototype_rgb=28)


def incomplete(folder, **options):
    """A run in which every fourth sample lacks rgb, whose place holds NaN."""
    made = toy(folder, dict(PMR, **options), epochs=2)
    for loader in (made['train_dataloader'], made['val_dataloader']):
        loader['dataset']['pipeline'] = [dict(type='PackIncomplete')]
    return made


def test_a_class_without_prototype_does_not_count(tmp_path):
    runner, _ = run(incomplete(tmp_path, share=.01))
    known = (~hook_of(runner, 'PMRHook').prototypes['flow'].isnan().any(1)).sum()
    assert known in (1, 2)  # one sample for each of two passes
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_absent_modalities_do_not_count(tmp_path):
    runner, _ = build(incomplete(tmp_path, share=1., end=0))
    train(runner)
    fresh, _ = build(incomplete(tmp_path / 'fresh', share=1.))
    features, labels = all_features(fresh)
    there = torch.arange(len(labels)) % 4 != 1
    found = {name: p.cpu() for name, p in hook_of(runner, 'PMRHook').prototypes.items()}
    torch.testing.assert_close(found['rgb'], class_means(features['rgb'][there], labels[there], 3))
    torch.testing.assert_close(found['flow'], class_means(features['flow'], labels, 3))
    assert all(p.isfinite().all() for p in runner.model.parameters())


def test_three_modalities_need_the_extension(tmp_path):
    runner, _ = build(config(tmp_path, PMR))
    with pytest.raises(ValueError, match='PMRHook is published for two modalities, but the model '
                                         "has 3, .*: set extension='mean_of_others'"):
        train(runner)
    extended, _ = run(config(tmp_path / 'extended', THREE, first=BSS_L, epochs=2))
    assert set(hook_of(extended, 'PMRHook').prototypes) == {'rgb', 'flow', 'depth'}


def test_mixed_precision_and_accumulation_run(tmp_path):
    wrapper = dict(type='HalfOptimWrapper', accumulative_counts=2,
                   optimizer=dict(type='SGD', lr=.05))
    runner, _ = run(toy(tmp_path, PMR, epochs=2, optim_wrapper=wrapper))
    assert {rows.dtype for rows in hook_of(runner, 'PMRHook').prototypes.values()} == {
        torch.float32}
