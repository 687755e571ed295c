"""Every row of appendix tables 2 and 3: eight criteria, two orders, six pacings, by config."""
from __future__ import annotations

import math

import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from projects.bss.engine import BSSHook, LogitsProbe, ScoreTable, score_dataset
from tests.test_functional import reference
from tests.toy import CLASSES, build, deterministic_model_config, run, toy_config

SIZE = 20
ALPHA = 0.3
LOSS = dict(type='TrainingLoss', alpha=ALPHA)
GRADIENT = dict(type='GradientMagnitude', alpha=ALPHA)
CRITERIA = {
    'feature similarity': dict(correlation='FeatureSimilarity', information=None),
    'prediction similarity': dict(correlation='PredictionSimilarity', information=None),
    'loss': dict(correlation=None, information=LOSS),
    'gradient magnitude': dict(correlation=None, information=GRADIENT),
    'FeaSim & Loss': dict(correlation='FeatureSimilarity', information=LOSS),
    'FeaSim & GM': dict(correlation='FeatureSimilarity', information=GRADIENT),
    'PreSim & Loss': dict(correlation='PredictionSimilarity', information=LOSS),
    'PreSim & GM': dict(correlation='PredictionSimilarity', information=GRADIENT),
}
ORDERS = dict(CL='balanced_first', anti='imbalanced_first')
# floor(20 lambda(t)) for lambda_0 = 0.1 and T_grow = 4, t = 0 ... 5, worked out by hand.
PACINGS = {
    'baby step': (dict(type='baby_step'), [2, 5, 9, 12, 20, 20]),
    'linear': (dict(type='linear'), [2, 6, 11, 15, 20, 20]),
    'root': (dict(type='root'), [2, 10, 14, 17, 20, 20]),
    'root-3': (dict(type='root', power=3), [2, 12, 15, 18, 20, 20]),
    'root-5': (dict(type='root', power=5), [2, 15, 17, 18, 20, 20]),
    'geometric': (dict(type='geometric'), [2, 3, 6, 11, 20, 20]),
}


def hook_config(criteria, order='CL', pacing='root'):
    return dict(
        type='BSSHook',
        scheduler=dict(type='HeuristicScheduler', order=ORDERS[order],
                       pacing=dict(PACINGS[pacing][0], t_grow=4, lambda_0=0.1)),
        measurer=dict(type='BalanceMeasurer', **CRITERIA[criteria]))


@pytest.fixture(scope='module')
def task(tmp_path_factory):
    """Model and training set of the toy task, before training."""
    runner, _ = build(toy_config(tmp_path_factory.mktemp('task'), size=SIZE,
                                 model=deterministic_model_config()))
    dataset = runner.build_dataloader(runner._train_dataloader).dataset
    return runner.model.eval(), dataset


@pytest.fixture(scope='module')
def worked(task):
    """Each criterion of each sample, written with loops: samples one by one, plain arithmetic."""
    model, dataset = task
    features, logits, losses, gradients = {}, {}, [], []
    for position in range(SIZE):
        item = dataset[position]
        model.zero_grad()
        outputs = model({name: x[None] for name, x in item['inputs'].items()}, mode='tensor')
        label = position % CLASSES
        for kept, found in ((features, outputs['features']), (logits, outputs['logits'])):
            for name, row in found.items():
                kept.setdefault(name, []).append(row[0].tolist())
        terms = {name: row[0].logsumexp(0) - row[0][label]
                 for name, row in outputs['logits'].items()}
        loss = sum((1 - ALPHA if name == 'fused' else ALPHA) * x for name, x in terms.items())
        loss.backward()
        losses.append(loss.item())
        gradients.append(math.sqrt(sum(float(p.grad.double().square().sum())
                                       for p in model.parameters() if p.grad is not None)))
    model.zero_grad()
    names = [name for name in logits if name != 'fused']
    return {
        'FeatureSimilarity': reference.similarity([features[name] for name in names]),
        'PredictionSimilarity': reference.similarity(
            [[reference.softmax(row) for row in logits[name]] for name in names]),
        'TrainingLoss': losses,
        'GradientMagnitude': gradients,
    }


def worked_scores(worked, criteria):
    chosen = CRITERIA[criteria]
    scores = [0.0] * SIZE
    if chosen['correlation']:
        scores = [s + x for s, x in zip(scores, reference.min_max(worked[chosen['correlation']]))]
    if chosen['information']:
        values = worked[chosen['information']['type']]
        scores = [s - x for s, x in zip(scores, reference.min_max(values))]
    return scores


@pytest.fixture(scope='module')
def tables(task):
    """The same by the engine, in batches."""
    model, dataset = task
    loader = DataLoader(dataset, batch_size=6, sampler=range(SIZE), collate_fn=pseudo_collate)
    found = {}
    for criteria in CRITERIA:
        measurer = BSSHook(**without_type(hook_config(criteria))).measurer
        probe, table = LogitsProbe(model), ScoreTable(SIZE)
        probe.listening = True
        table.write(*score_dataset(model, loader, probe, measurer))
        probe.close()
        found[criteria] = measurer.score(table)
    return found


def without_type(config):
    return {key: value for key, value in config.items() if key != 'type'}


@pytest.mark.parametrize('criteria', CRITERIA)
def test_scores(tables, worked, criteria):
    torch.testing.assert_close(tables[criteria].double(),
                               torch.tensor(worked_scores(worked, criteria), dtype=torch.float64),
                               atol=2e-5, rtol=0)


def test_no_two_criteria_rank_alike(worked):
    rankings = {tuple(sorted(range(SIZE), key=worked_scores(worked, criteria).__getitem__))
                for criteria in CRITERIA}
    assert len(rankings) == len(CRITERIA)


@pytest.mark.parametrize('pacing', PACINGS)
@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('criteria', CRITERIA)
def test_plans(tables, worked, criteria, order, pacing):
    hook = BSSHook(**without_type(hook_config(criteria, order, pacing)))
    scores = worked_scores(worked, criteria)
    ranking = sorted(range(SIZE), key=lambda i: scores[i], reverse=order == 'CL')
    counts = PACINGS[pacing][1]
    assert hook.planned_samples(SIZE, 6) == counts
    for epoch, count in enumerate(counts):
        plan = hook.scheduler.plan(tables[criteria], epoch)
        assert plan.candidates.tolist() == sorted(ranking[:count])
        assert plan.weights is None


@pytest.mark.parametrize('criteria, order, pacing', [
    ('FeaSim & GM', 'anti', 'root-5'), ('gradient magnitude', 'CL', 'geometric')])
def test_training_visits_what_the_row_says(tmp_path, worked, criteria, order, pacing):
    _, batches = run(toy_config(tmp_path, hook_config(criteria, order, pacing), size=SIZE,
                                epochs=3, model=deterministic_model_config()))
    scores = worked_scores(worked, criteria)
    ranking = sorted(range(SIZE), key=lambda i: scores[i], reverse=order == 'CL')
    for epoch, count in enumerate(PACINGS[pacing][1][:3]):
        visited = sorted(i for e, batch in batches for i in batch if e == epoch)
        assert visited == sorted(ranking[:count])
