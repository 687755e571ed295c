"""What every hook of a method checks before training."""
import pytest
from torch import nn

from projects.bss.rebalance import check_modalities, find_classifier
from tests.test_rebalance.probes import config, run, train
from tests.toy import build


def test_a_method_for_two_runs_with_two_and_refuses_three(tmp_path):
    run(config(tmp_path, dict(type='ForTwo'), modalities=('rgb', 'flow'), epochs=1))
    runner, _ = build(config(tmp_path, dict(type='ForTwo')))
    with pytest.raises(ValueError, match=r"ForTwo is defined for exactly 2 modalities, but the "
                                         r"model has 3, \['rgb', 'flow', 'depth'\]: leave some "
                                         'out of `model.encoders`'):
        train(runner)


@pytest.mark.parametrize('bounds, wanted', [((3, None), 'at least 3'), ((3, 4), '3 and at most 4'),
                                            ((1, 1), 'exactly 1')])
def test_bounds_are_named(bounds, wanted):
    with pytest.raises(ValueError, match=f'X is defined for .*{wanted} modalities'):
        check_modalities('X', ('a', 'b'), bounds)


@pytest.mark.parametrize('bounds', [(2, None), (2, 2), (1, 2)])
def test_bounds_are_included(bounds):
    check_modalities('X', ('a', 'b'), bounds)


def test_a_foreign_model_is_refused():
    with pytest.raises(TypeError, match='OGMHook needs to know the modalities of the model, but '
                                        'the model is a Linear: put its parts into a Multi'):
        find_classifier(nn.Linear(1, 1), 'OGMHook')
