"""MSLR: learning rates that follow the accuracy of each modality."""
import pytest
import torch
from mmengine.hooks import Hook
from torch import nn

from projects.bss.rebalance import relative_accuracy, split_by_rate
from tests.test_rebalance.probes import hook_of, run, same_weights, train, weights_of
from tests.test_rebalance.validation_script import EVERY, validated
from tests.toy import BSS_L, build

ACCURACIES = (.40, .42, .44, .46, .48, .54)
HOOK = dict(type='MSLRHook', window=2, factors=dict(rgb=0.5))
SCRIPT = {'acc/rgb': (.4, .6, .75, .5, .5), 'acc/flow': (.5, .5, .25, .5, .5),
          'acc/depth': (.3, .3, .3, .3, .3)}


def rates(runner):
    return hook_of(runner, 'MSLRHook').rates


def test_worked_example():
    assert relative_accuracy(ACCURACIES) == pytest.approx(1.227273, abs=1e-6)
    assert .9 * relative_accuracy(ACCURACIES) * 1e-3 == pytest.approx(0.00110455, abs=1e-8)


@pytest.mark.parametrize('accuracies, window, expected', [
    (ACCURACIES[:5], 5, 1.0),  # only stored until five are known
    ((.3, ) * 9, 5, 1.0),
    ((.9, .2, .4, .6), 2, 2.0),  # older ones do not count
    ((0.0, 0.0, .4), 2, 1.0),
    ((.2, .2, 0.0), 2, 0.0),
    ((), 1, 1.0)])
def test_relative_accuracy(accuracies, window, expected):
    assert relative_accuracy(accuracies, window) == pytest.approx(expected)


def test_groups_are_split_by_rate():
    first, second, third = (nn.Parameter(torch.zeros(1)) for _ in range(3))
    group = dict(params=[first, second, third], lr=0.1, momentum=0.9)
    parts = split_by_rate(group, {second: 2.0})
    assert [(part['lr'], part['momentum']) for part in parts] == [(0.1, 0.9), (0.2, 0.9)]
    assert parts[0]['params'][0] is first and parts[0]['params'][1] is third
    assert parts[1]['params'][0] is second
    assert len(group['params']) == 3 and group['lr'] == 0.1


def test_factors_of_a_run(tmp_path):
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=3))
    assert rates(runner) == pytest.approx(dict(rgb=.5 * .75 / .5, flow=.5, depth=1.0))
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=4))
    assert rates(runner) == pytest.approx(dict(rgb=.5 * .5 / .675, flow=.5 / .375, depth=1.0))


class KeepWeights(Hook):
    """Copy the weights before every epoch."""

    def before_train_epoch(self, runner):
        self.before = weights_of(runner)


def last_step(folder, optimizer, *hooks):
    """Change of every weight in the one step after three validations."""
    runner, _ = build(validated(folder, *hooks, script=SCRIPT, epochs=4, size=3,
                                optim_wrapper=dict(optimizer=optimizer)))
    keep = KeepWeights()
    runner.register_hook(keep)
    train(runner)
    after = weights_of(runner)
    return {name: after[name] - value for name, value in keep.before.items()}


@pytest.mark.parametrize('optimizer', [
    dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=0.1), dict(type='Adam', lr=0.01)])
def test_the_rate_itself_is_scaled(tmp_path, optimizer):
    # Until the window is full all rates are plain, so that the one step differs alone.
    plain = last_step(tmp_path, optimizer)
    scaled = last_step(tmp_path, optimizer, HOOK)
    expected = dict(rgb=.75, flow=.5, depth=1.0)
    for name, factor in expected.items():
        for weight in (f'encoders.{name}.layers.0.weight', f'head.classifiers.{name}.weight'):
            torch.testing.assert_close(scaled[weight], factor * plain[weight], rtol=1e-3,
                                       atol=1e-6)
            assert plain[weight].abs().max() > 1e-4
    fused = 'head.classifiers.fused.weight'
    assert torch.equal(scaled[fused], plain[fused])


def test_factors_of_one_are_plain_training(tmp_path):
    constant = {f'acc/{name}': (.4, ) * 5 for name in ('rgb', 'flow', 'depth')}
    plain, _ = run(validated(tmp_path))
    scaled, _ = run(validated(tmp_path, dict(type='MSLRHook', window=1), script=constant))
    assert rates(scaled) == dict(rgb=1.0, flow=1.0, depth=1.0)
    assert same_weights(plain, scaled)


def test_schedules_and_groups_are_left_alone(tmp_path):
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5))
    (group, ) = runner.optim_wrapper.param_groups
    assert group['lr'] == pytest.approx(0.005)  # milestone 3 divides 0.05 by 10
    assert len(group['params']) == len(list(runner.model.parameters()))
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks
    assert not runner.optim_wrapper.optimizer._optimizer_step_post_hooks


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mslr')
    runner, _ = run(validated(folder, HOOK, script=SCRIPT, epochs=5, default_hooks=EVERY))
    return folder, runner


@pytest.mark.parametrize('iteration', [14, 24, 28])
def test_a_resumed_run_equals_the_uninterrupted_one(whole, tmp_path, iteration):
    folder, runner = whole
    path = folder / f'iter_{iteration}.pth'
    assert 'history' in torch.load(path, weights_only=True)['rebalance']['MSLRHook']
    resumed, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5, resume=True,
                               load_from=str(path)))
    assert same_weights(runner, resumed)
    assert rates(resumed) == rates(runner)


@pytest.mark.parametrize('modalities', [('rgb', 'flow'), ('rgb', 'flow', 'depth')])
def test_late_fusion_with_bss(tmp_path, modalities):
    model = dict(
        type='MultiModalClassifier',
        encoders={n: dict(type='ToyEncoder', width=dict(rgb=6, flow=4, depth=5)[n])
                  for n in modalities},
        fusion=dict(type='SumFusion', in_channels={n: 4 for n in modalities}, num_classes=3),
        head=dict(type='SplitHead', num_classes=3, fused_channels=None),
        data_preprocessor=dict(type='StackVectors'))
    made = validated(tmp_path, dict(type='MSLRHook', window=1), first=BSS_L, model=model,
                     modalities=modalities, epochs=3)
    made['custom_hooks'] = [hook for hook in made['custom_hooks']
                            if hook['type'] != 'KeepModalities']
    runner, _ = run(made)
    assert set(rates(runner)) == set(modalities)
    owned = hook_of(runner, 'MSLRHook')._parameters
    assert sum(map(len, owned.values())) == len(list(runner.model.parameters()))


@pytest.mark.parametrize('options, message', [
    (dict(window=0), '`window` must be at least 1 validation, but got 0'),
    (dict(factors=dict(rgb=0.0)), "`factors` must be above 0, but got {'rgb': 0.0}")])
def test_wrong_arguments(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        build(validated(tmp_path, dict(type='MSLRHook', **options)))


def test_unknown_modality(tmp_path):
    runner, _ = build(validated(tmp_path, dict(type='MSLRHook', factors=dict(audio=0.9))))
    with pytest.raises(ValueError, match='`factors` must name modalities of the model, which are '
                                         r"\('rgb', 'flow', 'depth'\), but got \['audio'\]"):
        train(runner)


def test_shared_parameters_are_refused(tmp_path):
    runner, _ = build(validated(tmp_path, HOOK))
    runner.model.head.classifiers['flow'] = runner.model.head.classifiers['rgb']
    with pytest.raises(ValueError, match="MSLRHook treats .*, but 'rgb' and 'flow' share some"):
        train(runner)


def test_a_validation_without_the_metric_is_refused(tmp_path):
    runner, _ = build(validated(tmp_path, HOOK, epochs=1, val_evaluator=dict(
        type='MultiModalMetric', prefix='val')))
    with pytest.raises(KeyError, match=r"MSLRHook follows the validation metrics \['acc/rgb'"):
        train(runner)
