"""When gradients are changed, and from what."""
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODELS

from projects.bss.models import MultiModalClassifier
from tests.test_rebalance.probes import (PLAIN_SGD, config, hook_of, run, same_weights, train,
                                         weights_of)
from tests.toy import BSS_L, build

HOOK = dict(type='ScaleGradients')
EVERY = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
BATCHES, EPOCHS = 7, 2  # 20 samples in batches of 3


def seen(runner):
    return hook_of(runner, 'ScaleGradients').seen


def counts(runner):
    return [count for count, *_ in seen(runner)]


def test_a_quarter_of_the_gradient_is_a_quarter_of_the_update(tmp_path):
    ends = {}
    for factor in (1.0, 0.25):
        hook = dict(HOOK, factor=factor)
        runner, _ = build(config(tmp_path, hook, epochs=1, size=3))
        before = weights_of(runner)['head.classifiers.rgb.weight']
        train(runner)
        ends[factor] = weights_of(runner)['head.classifiers.rgb.weight'] - before
    torch.testing.assert_close(ends[0.25], ends[1.0] / 4)
    assert ends[1.0].abs().max() > 1e-3


def test_a_factor_of_one_changes_nothing(tmp_path):
    plain, _ = run(config(tmp_path, epochs=2))
    scaled, _ = run(config(tmp_path, HOOK, epochs=2))
    assert same_weights(plain, scaled)


def test_only_training_passes_count(tmp_path):
    runner, batches = run(config(tmp_path, HOOK, first=BSS_L, epochs=EPOCHS))
    labels = [sum(i % 3 for i in positions) for _, positions in batches]
    assert counts(runner) == [3, 3, 3, 3, 3, 3, 2] * EPOCHS
    assert [total for _, total, _ in seen(runner)] == labels


def test_accumulated_batches_count_as_one(tmp_path):
    runner, _ = run(config(tmp_path, HOOK, epochs=EPOCHS, optim_wrapper=dict(
        optimizer=PLAIN_SGD, accumulative_counts=4)))
    assert counts(runner) == [12, 11, 12, 5]


@pytest.mark.parametrize('begin, end, epochs', [(1, 2, [1, 2]), (2, None, [2, 3]),
                                                (9, None, [])])
def test_window_of_epochs(tmp_path, begin, end, epochs):
    runner, _ = run(config(tmp_path, dict(HOOK, begin=begin, end=end), epochs=4, batch_size=10))
    whole, _ = run(config(tmp_path, HOOK, epochs=4, batch_size=10))
    every = [draw for *_, draw in seen(whole)]
    assert [draw for *_, draw in seen(runner)] == [
        draw for i, draw in enumerate(every) if i // 2 in epochs]


def test_random_numbers_are_a_function_of_seed_and_iteration(tmp_path):
    whole, _ = run(config(tmp_path, HOOK, epochs=EPOCHS, default_hooks=EVERY))
    resumed, _ = run(config(tmp_path / 'resumed', HOOK, epochs=EPOCHS, resume=True,
                            load_from=str(tmp_path / 'iter_5.pth')))
    other, _ = run(config(tmp_path / 'other', HOOK, epochs=EPOCHS, randomness=dict(seed=6)))
    assert seen(resumed) == seen(whole)[5:]
    draws = [draw for run_ in (whole, other) for *_, draw in seen(run_)]
    assert len(set(draws)) == len(draws) == 2 * EPOCHS * BATCHES


def test_drawing_leaves_the_global_stream_alone(tmp_path):
    ends = []
    for hooks in ((), (HOOK, )):
        run(config(tmp_path, *hooks, epochs=1))
        ends.append(torch.get_rng_state())
    assert torch.equal(*ends)


def test_gradients_are_unscaled_by_then(tmp_path):
    scaling = dict(type='ScalingOptimWrapper', optimizer=PLAIN_SGD)
    plain, _ = run(config(tmp_path, HOOK, epochs=1))
    scaled, _ = run(config(tmp_path, HOOK, epochs=1, optim_wrapper=scaling))
    for left, right in zip(*(hook_of(r, 'ScaleGradients').gradients for r in (plain, scaled))):
        assert torch.equal(left, right)
    assert same_weights(plain, scaled)


def test_the_batch_of_a_skipped_step_is_forgotten(tmp_path):
    scaling = dict(type='ScalingOptimWrapper', optimizer=PLAIN_SGD, init_scale=2.0**127)
    runner, batches = run(config(tmp_path, HOOK, epochs=EPOCHS, optim_wrapper=scaling))
    assert 0 < len(counts(runner)) < len(batches)
    assert set(counts(runner)) <= {2, 3}


def test_facts_are_logged(tmp_path):
    runner, _ = run(config(tmp_path, dict(HOOK, factor=0.5), epochs=1))
    history = runner.message_hub.get_scalar('train/ScaleGradients/factor')
    assert history.data[0].tolist() == [0.5] * BATCHES


def test_nothing_stays_behind(tmp_path):
    runner, _ = run(config(tmp_path, HOOK, epochs=1))
    assert not runner.model._loss_hooks
    assert not runner.optim_wrapper.optimizer._optimizer_step_pre_hooks


@pytest.mark.parametrize('begin, end', [(-1, None), (3, 2)])
def test_window_that_is_none(tmp_path, begin, end):
    with pytest.raises(ValueError, match='must be epochs with 0 <= begin <= end, but got '
                                         f'{begin} and {end}'):
        build(config(tmp_path, dict(HOOK, begin=begin, end=end)))


def test_several_optimisers_are_refused(tmp_path):
    runner, _ = build(config(tmp_path, HOOK))
    one = OptimWrapper(torch.optim.SGD(runner.model.parameters(), lr=0.1))
    runner.optim_wrapper = OptimWrapperDict(all=one)
    with pytest.raises(TypeError, match='ScaleGradients acts before the step of the one optimiser'
                                        ', but `optim_wrapper` is a OptimWrapperDict'):
        hook_of(runner, 'ScaleGradients').before_train(runner)


@MODELS.register_module(force=True)
class TrainsItsOwnWay(MultiModalClassifier):
    """A model that leaves the loss hooks out."""

    def train_step(self, data, optim_wrapper):
        logits = self(**self.data_preprocessor(data, True))['logits']
        loss = logits['fused'].square().mean()
        optim_wrapper.update_params(loss)
        return dict(loss=loss)


def test_a_model_without_training_passes_is_refused(tmp_path):
    made = config(tmp_path, HOOK)
    made['model']['type'] = 'TrainsItsOwnWay'
    runner, _ = build(made)
    with pytest.raises(RuntimeError, match='ScaleGradients saw no training pass in iteration 1, so'
                                           ' it would change nothing: TrainsItsOwnWay computes'):
        train(runner)
