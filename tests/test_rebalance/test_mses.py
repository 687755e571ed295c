"""MSES: when a modality stops, what it goes back to, and that it stays there."""
import pytest
import torch

from projects.bss.rebalance import early_stop, moving_average, pair_average
from tests.test_rebalance.probes import hook_of, run, same_weights, train, weights_of
from tests.test_rebalance.validation_script import EVERY, modality_of, validated
from tests.toy import BSS_L, WIDTHS, build, model_config

LOSSES = (1.0, 0.8, 0.7, 0.75, 0.9, 0.95, 1.1)
HOOK = dict(type='MSESHook', patience=1, keep=0.0)
FALLING = (0.9, 0.8, 0.7, 0.6, 0.5)
# Best after validation 2; more than 1 later, after validation 4, `rgb` stops.
SCRIPT = {'nll/rgb': (1.0, 0.5, 0.7, 0.8, 0.9), 'nll/flow': FALLING, 'nll/depth': FALLING}


def equal(left, right):
    return len(left) == len(right) > 0 and all(map(torch.equal, left, right))


@pytest.mark.parametrize('smooth, expected', [
    (pair_average, (1.0, .92, .76, .72, .81, .92, 1.01)),
    (moving_average, (1.0, .92, .832, .7992, .83952, .883712, .970227))])
def test_worked_example(smooth, expected):
    smoothed = smooth(LOSSES)
    assert smoothed == pytest.approx(expected, abs=1e-6)
    assert early_stop(smoothed, patience=2) == (4, 7)
    assert early_stop(smoothed[:6], patience=2) == (4, None)


def test_keeping_nothing_smooths_nothing():
    assert moving_average(LOSSES, 0.0) == pair_average(LOSSES, 0.0) == list(LOSSES)


@pytest.mark.parametrize('losses, patience, expected', [
    ((1.0, ), 0, (1, None)),
    ((1.0, 1.0), 0, (1, 2)),
    ((1.0, 2.0, 0.5), 0, (1, 2)),
    ((1.0, 2.0, 0.5), 1, (3, None)),
    ((1.0, 2.0, 3.0), 1, (1, 3))])
def test_early_stop(losses, patience, expected):
    assert early_stop(losses, patience) == expected


@pytest.mark.parametrize('optimizer', ['SGD', 'Adam'])
def test_a_stopped_modality_returns_to_its_best_and_stays(tmp_path, optimizer):
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5, optimizer=optimizer))
    assert hook_of(runner, 'MSESHook').stopped == ['rgb']
    epochs = hook_of(runner, 'KeepModalities').epochs
    assert not equal(epochs[3]['rgb'], epochs[1]['rgb'])
    assert equal(epochs[4]['rgb'], epochs[1]['rgb'])
    for name in ('flow', 'depth'):
        assert not equal(epochs[4][name], epochs[3][name])


def test_a_stopped_modality_has_no_loss_and_no_dropout(tmp_path):
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5))
    logged = runner.message_hub.get_scalar('train/loss_rgb').data[0]
    assert (logged[:28] > 0).all() and (logged[28:] == 0).all() and len(logged) == 35
    modes = hook_of(runner, 'KeepModalities').modes
    assert modes == [set(WIDTHS)] * 4 + [{'flow', 'depth'}]


def test_endless_patience_is_plain_training(tmp_path):
    plain, _ = run(validated(tmp_path))
    patient, _ = run(validated(tmp_path, dict(HOOK, patience=4)))
    assert same_weights(plain, patient)


def test_training_ends_when_all_have_stopped(tmp_path):
    rising = {f'nll/{name}': (0.1, 0.2, 0.3, 0.4, 0.5) for name in WIDTHS}
    options = dict(script=rising, epochs=5)
    runner, _ = run(validated(tmp_path, HOOK, default_hooks=EVERY, **options))
    assert runner.epoch == 3
    assert set(hook_of(runner, 'MSESHook').stopped) == set(WIDTHS)
    for name in WIDTHS:
        assert equal(modality_of(runner, name), hook_of(runner, 'KeepModalities').epochs[0][name])
    # Saved before the validation that ended the training.
    resumed, batches = run(validated(tmp_path / 'resumed', HOOK, resume=True,
                                     load_from=str(tmp_path / 'iter_21.pth'), **options))
    assert batches == []
    assert same_weights(runner, resumed)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mses')
    runner, _ = run(validated(folder, HOOK, script=SCRIPT, epochs=5, default_hooks=EVERY))
    return folder, runner


@pytest.mark.parametrize('iteration', [14, 17, 28, 31])
def test_a_resumed_run_equals_the_uninterrupted_one(whole, tmp_path, iteration):
    folder, runner = whole
    resumed, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5, resume=True,
                               load_from=str(folder / f'iter_{iteration}.pth')))
    assert same_weights(runner, resumed)
    state = hook_of(resumed, 'MSESHook')
    assert state.history == {**hook_of(runner, 'MSESHook').history}
    assert state.stopped == ['rgb']


def test_the_best_checkpoint_holds_what_was_validated(tmp_path):
    best = dict(checkpoint=dict(type='CheckpointHook', interval=9, save_best='acc/fused'))
    script = {**SCRIPT, 'acc/fused': (0.1, 0.2, 0.3, 0.9, 0.5)}
    runner, _ = run(validated(tmp_path, HOOK, script=script, epochs=5, default_hooks=best))
    path = tmp_path / 'best_acc_fused_epoch_4.pth'
    checkpoint = torch.load(path, weights_only=True)
    assert checkpoint['rebalance']['MSESHook']['stopped'] == []
    saved = checkpoint['state_dict']['head.classifiers.rgb.weight']
    epochs = hook_of(runner, 'KeepModalities').epochs
    assert any(torch.equal(saved, value) for value in epochs[3]['rgb'])
    assert not any(torch.equal(saved, value) for value in epochs[4]['rgb'])


def test_the_state_is_plain(whole):
    state = torch.load(whole[0] / 'iter_31.pth', weights_only=True)['rebalance']['MSESHook']
    assert state['stopped'] == ['rgb'] and set(state['best']) == {'flow', 'depth'}


@pytest.mark.parametrize('modalities', [('rgb', 'flow'), ('rgb', 'flow', 'depth')])
def test_runs_with_bss(tmp_path, modalities):
    script = {key: SCRIPT[key] for key in SCRIPT if key[4:] in modalities}
    runner, _ = run(validated(tmp_path, HOOK, script=script, first=BSS_L, epochs=5,
                              modalities=modalities))
    assert hook_of(runner, 'MSESHook').stopped == ['rgb']


@pytest.mark.parametrize('optim_wrapper', [
    dict(type='ScalingOptimWrapper', optimizer=dict(type='SGD', lr=0.05, weight_decay=0.1)),
    dict(optimizer=dict(type='SGD', lr=0.05, weight_decay=0.1), accumulative_counts=4)])
def test_stays_under_scaled_and_accumulated_gradients(tmp_path, optim_wrapper):
    runner, _ = run(validated(tmp_path, HOOK, script=SCRIPT, epochs=5,
                              optim_wrapper=optim_wrapper))
    epochs = hook_of(runner, 'KeepModalities').epochs
    assert equal(epochs[4]['rgb'], epochs[1]['rgb'])


def test_nothing_stays_behind(tmp_path):
    runner, _ = run(validated(tmp_path, HOOK, epochs=1))
    assert not runner.model._loss_hooks
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks


def test_a_validation_outside_of_training_does_not_count(tmp_path):
    runner, _ = build(validated(tmp_path, HOOK, epochs=1))
    runner.val()
    assert hook_of(runner, 'MSESHook').history == {}
    before = weights_of(runner)
    train(runner)
    runner.val()
    assert [len(values) for values in hook_of(runner, 'MSESHook').history.values()] == [1, 1, 1]
    assert before.keys() == weights_of(runner).keys()


@pytest.mark.parametrize('options, message', [
    (dict(patience=-1), '`patience` must be at least 0 validations, but got -1'),
    (dict(keep=1.0), r'`keep` must lie in \[0, 1\), but got 1.0'),
    (dict(smoothing='emma'), "'emma'.*'?ema'?")])
def test_wrong_arguments(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        build(validated(tmp_path, dict(type='MSESHook', **options)))


def test_a_head_without_unimodal_losses_is_refused(tmp_path):
    model = model_config()
    model['head'] = dict(type='SplitHead', num_classes=3, fused_channels=12)
    runner, _ = build(validated(tmp_path, HOOK, model=model))
    with pytest.raises(ValueError, match='MSESHook needs a loss for each modality, but '
                                         r"`model.head`, a SplitHead, has none for \['rgb'"):
        train(runner)


def test_a_run_without_validation_is_refused(tmp_path):
    nothing = dict(val_dataloader=None, val_evaluator=None, val_cfg=None)
    runner, _ = build({**validated(tmp_path, HOOK), **nothing})
    with pytest.raises(ValueError, match='MSESHook decides by the validation set, but there is '
                                         'none'):
        train(runner)
