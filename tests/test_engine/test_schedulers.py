"""When schedulers score again, which plans they make and what they promise."""
import pytest
import torch

from projects.bss.engine import (BalanceMeasurer, HeuristicScheduler, LearningBasedScheduler,
                                 ScoreTable)
from projects.bss.engine.building import build_part
from projects.bss.engine.schedulers import BalanceScheduler
from projects.bss.functional import pacing, sampling_probabilities

SCORES = torch.tensor([0.3, -1.0, 1.0, 0.0, -0.5, 0.8, -0.2, 0.1, 0.9, -0.9])


def test_learning_based_is_due_at_multiples_of_the_interval_but_not_at_the_start():
    assert [t for t in range(12) if LearningBasedScheduler(5, 0.6).due(t)] == [5, 10]
    assert [t for t in range(4) if LearningBasedScheduler(1).due(t)] == [1, 2, 3]


def test_heuristic_is_never_due():
    assert not any(HeuristicScheduler().due(t) for t in range(100))


def test_learning_based_weights_every_sample_by_equation_10():
    plan = LearningBasedScheduler().plan(SCORES, 3)
    assert plan.candidates is None
    torch.testing.assert_close(plan.weights, SCORES.exp() / SCORES.exp().sum())


def test_learning_based_passes_its_settings_on():
    plan = LearningBasedScheduler(weighting='linear', temperature=0.5, epsilon=0).plan(SCORES, 0)
    torch.testing.assert_close(plan.weights, sampling_probabilities(SCORES, 'linear', 0.5, 0))


def test_learning_based_smooths_and_heuristic_replaces():
    previous, current = torch.tensor([1., 0]), torch.tensor([0., 1])
    smoothed = LearningBasedScheduler(beta=0.6).update(previous, current)
    torch.testing.assert_close(smoothed, torch.tensor([0.4, 0.6]))
    assert HeuristicScheduler().update(previous, current) is current


@pytest.mark.parametrize('order, expected', [
    ('balanced_first', [2, 5, 8]),
    ('imbalanced_first', [1, 4, 9]),
])
def test_heuristic_takes_the_first_share_of_the_ranking(order, expected):
    scheduler = HeuristicScheduler(dict(type='linear', t_grow=7, lambda_0=0.3), order)
    plan = scheduler.plan(SCORES, 0)
    assert plan.candidates.tolist() == expected
    assert plan.weights is None and plan.length is None
    assert len(scheduler.plan(SCORES, 1).candidates) == 4
    assert scheduler.plan(SCORES, 7).candidates.tolist() == list(range(10))


def test_random_order_keeps_the_pacing_and_grows_one_fixed_ranking():
    scheduler = HeuristicScheduler(dict(type='linear', t_grow=7, lambda_0=0.3), 'random', seed=1)
    sets = [set(scheduler.plan(SCORES, t).candidates.tolist()) for t in range(8)]
    assert [len(s) for s in sets] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert all(a < b for a, b in zip(sets, sets[1:]))
    assert sets[0] != {2, 5, 8}


def test_orders_of_the_learning_based_scheduler():
    reversed_plan = LearningBasedScheduler(order='imbalanced_first').plan(SCORES, 0)
    torch.testing.assert_close(reversed_plan.weights, (-SCORES).softmax(0))
    random = LearningBasedScheduler(order='random').plan(SCORES, 0).weights
    assert random.sort().values.tolist() == pytest.approx(
        SCORES.softmax(0).sort().values.tolist())
    assert not torch.allclose(random, SCORES.softmax(0))


def test_planned_samples_are_what_the_plans_hold():
    scheduler = HeuristicScheduler(dict(type='root', power=3, t_grow=6, lambda_0=0.2))
    planned = scheduler.planned_samples(10, 9)
    assert planned == [scheduler.plan(SCORES, t).num_samples(10) for t in range(9)]
    assert planned[0] == 2 and planned[-1] == 10 and sum(planned) < 90
    assert LearningBasedScheduler().planned_samples(10, 3) == [10, 10, 10]


def test_equal_updates_fill_every_epoch():
    scheduler = HeuristicScheduler(equal_updates=True)
    plan = scheduler.plan(SCORES, 0)
    assert (len(plan.candidates), plan.length) == (1, 10)
    assert scheduler.planned_samples(10, 3) == [10, 10, 10]


def test_default_pacing_is_equation_7():
    assert [HeuristicScheduler().share(t) for t in (0, 1, 40)] == [pacing(t) for t in (0, 1, 40)]


@pytest.mark.parametrize('build, message', [
    (lambda: HeuristicScheduler(dict(type='rot')), "Unknown pacing 'rot'. Did you mean 'root'"),
    (lambda: HeuristicScheduler(order='balanced'), "Did you mean 'balanced_first'"),
    (lambda: LearningBasedScheduler(interval=0), '`interval` must be at least 1, but got 0'),
    (lambda: LearningBasedScheduler(beta=2), '`beta` must lie in'),
    (lambda: LearningBasedScheduler(weighting='softmin'), "Did you mean 'softmax'"),
    (lambda: LearningBasedScheduler(temperature=-1), '`temperature` must be positive'),
])
def test_wrong_settings_are_refused_when_built(build, message):
    with pytest.raises(ValueError, match=message):
        build()


class TestBuilding:

    def test_unknown_names_suggest_the_nearest(self):
        with pytest.raises(KeyError, match="Unknown criterion 'TrainLoss'. Did you mean"):
            BalanceMeasurer(information='TrainLoss')
        with pytest.raises(KeyError, match="Did you mean 'LearningBasedScheduler'"):
            build_part(dict(type='LearningScheduler'), BalanceScheduler, 'scheduler')

    def test_a_part_of_another_kind(self):
        with pytest.raises(TypeError, match='The scheduler must be a BalanceScheduler, but got'):
            build_part(dict(type='BalanceMeasurer'), BalanceScheduler, 'scheduler')

    def test_a_built_part_is_taken_as_it_is(self):
        scheduler = HeuristicScheduler()
        assert build_part(scheduler, BalanceScheduler, 'scheduler') is scheduler

    def test_a_measurer_without_criteria(self):
        with pytest.raises(ValueError, match='but both are None'):
            BalanceMeasurer(None, None)


class TestScoreTable:

    def test_columns_before_and_after_writing(self):
        table = ScoreTable(4)
        assert not table.scored and table.unmeasured.tolist() == [0, 1, 2, 3]
        table.write(torch.tensor([2, 0]), torch.tensor([[0.5, 0.25], [3., 4]]))
        assert table.correlation[[0, 2]].tolist() == [0.25, 0.5]
        assert table.information[[0, 2]].tolist() == [4, 3]
        assert table.correlation[[1, 3]].isnan().all()
        assert table.unmeasured.tolist() == [1, 3]

    def test_age_counts_epochs_since_the_last_measurement(self):
        table = ScoreTable(3)
        table.write(torch.tensor([0, 1]), torch.zeros(2, 2))
        table.grow_older()
        table.write(torch.tensor([1]), torch.zeros(2, 1))
        table.grow_older()
        assert table.age.tolist() == [2, 1, -1]

    def test_state_round_trip(self):
        table, other = ScoreTable(3), ScoreTable(3)
        table.write(torch.tensor([1]), torch.ones(2, 1))
        table.score.copy_(torch.tensor([0.1, 0.2, 0.3]))
        other.load_state_dict(table.state_dict())
        for name, column in table.state_dict().items():
            assert torch.equal(other.state_dict()[name].nan_to_num(7), column.nan_to_num(7))
        assert other.scored

    def test_the_measurer_scores_the_table(self):
        table = ScoreTable(4)
        table.write(torch.arange(4), torch.tensor(
            [[0.958067, 0.685539, 0.796559, 0.992950], [0.349834, 0.861734, 1.309904, 0.142832]]))
        expected = [0.709158, -0.615987, -0.638855, 1]
        assert BalanceMeasurer().score(table).tolist() == pytest.approx(expected, abs=1e-5)
        only_loss = BalanceMeasurer(correlation=None).score(table)
        assert only_loss.tolist() == pytest.approx([-0.177369, -0.615987, -1, 0], abs=1e-5)
