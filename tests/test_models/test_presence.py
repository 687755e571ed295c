from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from projects.bss.models import (EvidentialHead, JointHead, MultiModalClassifier, SplitHead,
                                 UnimodalClassifier)
from projects.bss.models.presence import find_present, mean_of_present, zero_absent
from tests.test_models.conftest import FEATURES, classifier_config, collated_batch

NAN = math.nan
LABELS = [0, 1, 2, 1]
# The second sample has no flow, the third nothing but depth, the fourth no flow either.
ABSENT = [(), ('flow', ), ('rgb', 'flow'), ('flow', )]


def batch(absent=ABSENT, value=NAN):
    """A batch whose absent inputs hold a value that must not matter."""
    data = collated_batch(LABELS)
    for i, names in enumerate(absent):
        if names:
            data['data_samples'][i].set_metainfo(dict(absent=names))
        for name in names:
            data['inputs'][name][i] = torch.full_like(data['inputs'][name][i], value)
    return data


def model(head=None) -> MultiModalClassifier:
    torch.manual_seed(0)
    config = classifier_config()
    return MultiModalClassifier(**dict(config, head=head or config['head']))


def run(classifier, data, mode):
    return classifier(**classifier.data_preprocessor(data), mode=mode)


def test_presence_is_read_from_the_data_samples():
    present = find_present(batch()['data_samples'], ['rgb', 'flow'], torch.device('cpu'))
    assert {name: there.tolist() for name, there in present.items()} == dict(
        rgb=[True, True, False, True], flow=[True, False, False, False])


def test_a_whole_batch_and_no_batch_have_no_presence():
    assert find_present(batch([()] * 4)['data_samples'], ['rgb'], torch.device('cpu')) is None
    assert find_present(None, ['rgb'], torch.device('cpu')) is None


def test_zeros_stop_nan_forward_and_backward():
    x = torch.tensor([[1., 2.], [NAN, 3.]], requires_grad=True)
    ids = torch.tensor([[5, 6], [7, 8]])
    present = dict(x=torch.tensor([True, False]), ids=torch.tensor([False, True]))
    zeroed = zero_absent(dict(x=x, ids=ids, fused=ids), present)
    assert zeroed['x'].tolist() == [[1, 2], [0, 0]] and zeroed['ids'].tolist() == [[0, 0], [7, 8]]
    assert zeroed['fused'] is ids
    zeroed['x'].square().sum().backward()
    assert x.grad.tolist() == [[2, 4], [0, 0]]


@pytest.mark.parametrize('there, mean', [(None, 2.5), ([True, False, True, False], 2),
                                         ([False] * 4, 0)])
def test_mean_of_what_is_there(there, mean):
    values = torch.tensor([1., 2., 3., 4.])
    assert mean_of_present(values, None if there is None else torch.tensor(there)) == mean


def test_features_of_absent_modalities_are_zeros():
    features = run(model(), batch(), 'tensor')['features']
    whole = run(model(), batch([()] * 4), 'tensor')['features']
    expected = dict(rgb=[0, 1, 3], flow=[0], depth=[0, 1, 2, 3])
    for name, rows in expected.items():
        gone = [i for i in range(4) if i not in rows]
        assert torch.equal(features[name][rows], whole[name][rows])
        assert features[name][gone].abs().sum() == 0


def test_unimodal_losses_are_means_over_present_samples():
    classifier = model()
    losses = run(classifier, batch(), 'loss')
    logits = run(classifier, batch(), 'tensor')['logits']
    labels = torch.tensor(LABELS)
    for name, rows, weight in (('rgb', [0, 1, 3], 0.2), ('flow', [0], 0.2),
                               ('depth', [0, 1, 2, 3], 0.2), ('fused', [0, 1, 2, 3], 0.8)):
        expected = weight * F.cross_entropy(logits[name][rows], labels[rows])
        torch.testing.assert_close(losses[f'loss_{name}'], expected)


def test_a_modality_that_no_sample_has_is_not_trained():
    classifier = model()
    losses = run(classifier, batch([('flow', )] * 4), 'loss')
    assert losses['loss_flow'] == 0
    sum(losses.values()).backward()
    assert all(p.grad.abs().sum() == 0 for p in classifier.modality_parameters('flow'))
    assert all(p.grad.abs().sum() == 0 for p in classifier.head.classifiers['flow'].parameters())
    assert all(p.grad.abs().sum() > 0 for p in classifier.modality_parameters('rgb'))


@pytest.mark.parametrize('head', [
    dict(type=JointHead, num_classes=3, in_channels=FEATURES, fused_channels=16),
    dict(type=SplitHead, num_classes=3, fused_channels=16, loss_weights=dict(fused=1, flow=1)),
    dict(type=EvidentialHead, num_classes=3, in_channels=FEATURES, fused_channels=16)])
def test_what_absent_inputs_hold_does_not_matter(head):
    results = []
    for value in (0, NAN, math.inf):
        classifier = model(dict(head))
        losses = run(classifier, batch(value=value), 'loss')
        sum(losses.values()).backward()
        results.append([*losses.values(), *(p.grad for p in classifier.parameters())])
    for zero, nan, infinite in zip(*results):
        assert torch.equal(zero, nan) and torch.equal(zero, infinite)


def test_prediction_leaves_absent_streams_out():
    classifier = model()
    logits = run(classifier, batch(), 'tensor')['logits']
    for i, sample in enumerate(run(classifier, batch(), 'predict')):
        there = [name for name in logits if name not in ABSENT[i]]
        total = sum(logits[name][i] for name in there)
        torch.testing.assert_close(sample.pred_scores.fused, total.softmax(dim=0))
        for name in ABSENT[i]:
            torch.testing.assert_close(sample.pred_scores.get(name), torch.full((3, ), 1 / 3))
        torch.testing.assert_close(sample.pred_scores.depth, logits['depth'][i].softmax(dim=0))


def test_samples_do_not_depend_on_who_else_lacks_what():
    classifier = model()
    whole = run(classifier, batch([()] * 4), 'predict')[0].pred_scores
    mixed = run(classifier, batch(), 'predict')[0].pred_scores
    for name in ('rgb', 'flow', 'depth', 'fused'):
        assert torch.equal(whole.get(name), mixed.get(name))


def test_hooks_see_the_logits_of_absent_streams():
    classifier, seen = model(), []
    classifier.register_logits_hook(lambda logits, features: seen.append((logits, features)))
    run(classifier, batch(), 'loss')
    (logits, features), = seen
    assert all(rows.isfinite().all() for rows in (*logits.values(), *features.values()))
    assert {rows.shape for rows in logits.values()} == {(4, 3)}


def test_a_unimodal_classifier_learns_from_the_samples_that_it_can_read():
    parts = classifier_config()
    classifier = UnimodalClassifier(parts['encoders']['rgb'], 'rgb', 3,
                                    data_preprocessor=parts['data_preprocessor'])
    logits = run(classifier, batch(), 'tensor')['logits']['rgb'][[0, 1, 3]]
    loss, = run(classifier, batch(), 'loss').values()
    torch.testing.assert_close(loss, F.cross_entropy(logits, torch.tensor([0, 1, 1])))
    third = run(classifier, batch(), 'predict')[2].pred_scores
    torch.testing.assert_close(torch.stack([third.rgb, third.fused]), torch.full((2, 3), 1 / 3))
