"""State of methods in checkpoints."""
import pytest
import torch

from tests.test_rebalance.probes import config, hook_of, run, train
from tests.toy import build

EVERY = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
HOOK = dict(type='WeighFusedLoss')


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp('saved')
    runner, _ = run(config(folder, HOOK, epochs=2, default_hooks=EVERY))
    assert hook_of(runner, 'WeighFusedLoss').calls == 14
    return folder


def test_state_is_plain(saved):
    state = torch.load(saved / 'iter_5.pth', weights_only=True)['rebalance']
    assert state == dict(WeighFusedLoss=dict(calls=torch.tensor(5)))


@pytest.mark.parametrize('cut', [5, 7, 10])
def test_a_resumed_run_goes_on_counting(saved, tmp_path, cut):
    runner, _ = run(config(tmp_path, HOOK, epochs=2, resume=True,
                           load_from=str(saved / f'iter_{cut}.pth')))
    assert hook_of(runner, 'WeighFusedLoss').calls == 14


def test_a_loaded_checkpoint_starts_anew(saved, tmp_path):
    runner, _ = run(config(tmp_path, HOOK, epochs=1, load_from=str(saved / 'iter_5.pth')))
    assert hook_of(runner, 'WeighFusedLoss').calls == 7


def test_a_checkpoint_without_the_method_is_refused(tmp_path):
    run(config(tmp_path, epochs=1, default_hooks=EVERY))
    runner, _ = build(config(tmp_path / 'resumed', HOOK, resume=True,
                             load_from=str(tmp_path / 'iter_3.pth')))
    with pytest.raises(ValueError, match='saved without WeighFusedLoss, so it lacks the state of '
                                         'that method: load it with `load_from` and without'):
        train(runner)


def test_two_of_a_kind_are_refused(tmp_path):
    runner, _ = build(config(tmp_path, HOOK, HOOK, default_hooks=EVERY))
    with pytest.raises(ValueError, match='A run can have one WeighFusedLoss, but'):
        train(runner)
