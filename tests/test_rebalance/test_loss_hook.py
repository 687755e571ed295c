"""Loss terms change in training passes, and nowhere else."""
import torch

from tests.test_rebalance.probes import config, hook_of, run, same_weights, train
from tests.toy import BSS_L, build


def test_a_factor_of_one_changes_nothing(tmp_path):
    plain, _ = run(config(tmp_path, epochs=2))
    weighed, _ = run(config(tmp_path, dict(type='WeighFusedLoss'), epochs=2))
    assert same_weights(plain, weighed)


def test_a_factor_of_zero_stops_the_fused_classifier(tmp_path):
    runner, _ = build(config(tmp_path, dict(type='WeighFusedLoss', factor=0.0), epochs=1))
    heads = runner.model.head.classifiers
    before = {name: layer.weight.clone() for name, layer in heads.items()}
    train(runner)
    assert torch.equal(heads['fused'].weight, before['fused'])
    assert not torch.equal(heads['rgb'].weight, before['rgb'])


def test_only_training_passes_are_weighed(tmp_path):
    runner, batches = run(config(tmp_path, dict(type='WeighFusedLoss'), first=BSS_L))
    hook = hook_of(runner, 'WeighFusedLoss')
    assert hook.calls == len(batches) == 7


def test_nothing_stays_behind(tmp_path):
    runner, _ = run(config(tmp_path, dict(type='WeighFusedLoss'), epochs=1))
    assert not runner.model._loss_hooks
