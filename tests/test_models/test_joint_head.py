from __future__ import annotations

import math

import pytest
import torch

from projects.bss.models import JointHead

# The worked example of the method: four samples, three classes, the fused logits equal those of u.
U = torch.tensor([[2., 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 3]])
V = torch.tensor([[1., 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 2]])
LABELS = torch.tensor([0, 1, 0, 2])
CE_U = (0.239545 + 0.551445 + 0.861995 + 0.094923) / 4
CE_V = (0.551445 + 1.551445 + 2.239545 + 0.239545) / 4
LOGITS = dict(u=U, v=V, fused=U)


def head(**changes) -> JointHead:
    return JointHead(3, dict(u=3, v=3), 3, **changes)


def test_every_stream_has_its_own_classifier():
    joint = head()
    with torch.no_grad():
        for i, classifier in enumerate(joint.classifiers.values()):
            classifier.weight.copy_((i + 1) * torch.eye(3))
            classifier.bias.fill_(0.5)
    logits = joint(dict(v=V, u=U, fused=U + V))
    assert list(logits) == ['u', 'v', 'fused']
    torch.testing.assert_close(logits['u'], U + 0.5)
    torch.testing.assert_close(logits['v'], 2 * V + 0.5)
    torch.testing.assert_close(logits['fused'], 3 * (U + V) + 0.5)


def test_loss_of_the_worked_example():
    losses = head().loss(LOGITS, LABELS)
    assert losses['loss_u'].item() == pytest.approx(0.2 * CE_U, abs=1e-6)
    assert losses['loss_v'].item() == pytest.approx(0.2 * CE_V, abs=1e-6)
    assert losses['loss_fused'].item() == pytest.approx(0.8 * CE_U, abs=1e-6)
    per_sample = (0.349834, 0.861734, 1.309904, 0.142832)
    assert sum(losses.values()).item() == pytest.approx(sum(per_sample) / 4, abs=1e-6)


def test_loss_weights_replace_alpha():
    joint = head(alpha=0.7, loss_weights=dict(u=1, v=0.5, fused=2))
    losses = {name: value.item() for name, value in joint.loss(LOGITS, LABELS).items()}
    assert losses == pytest.approx(
        dict(loss_u=CE_U, loss_v=0.5 * CE_V, loss_fused=2 * CE_U), abs=1e-6)


def test_prediction_sums_the_logits_of_all_streams():
    scores = head().predict(LOGITS)
    e5, e2, e1 = math.exp(5), math.exp(2), math.e
    assert scores['fused'][0].tolist() == pytest.approx([e5 / (e5 + 2)] + 2 * [1 / (e5 + 2)])
    assert scores['u'][0, 0].item() == pytest.approx(e2 / (e2 + 2))
    assert scores['v'][0, 0].item() == pytest.approx(e1 / (e1 + 2))


@pytest.mark.parametrize('streams, total', [(('u', 'v'), 3), (('fused', ), 2), (['v'], 1)])
def test_prediction_sums_the_chosen_streams(streams, total):
    scores = head(inference_streams=streams).predict(LOGITS)
    assert list(scores) == ['u', 'v', 'fused']
    assert scores['fused'][0, 0].item() == pytest.approx(math.exp(total) / (math.exp(total) + 2))


@pytest.mark.parametrize('argument, value', [('inference_streams', ['u', 'w']),
                                             ('loss_weights', dict(u=1, v=1, w=1, fused=1))])
def test_unknown_stream(argument, value):
    with pytest.raises(ValueError, match=fr"`{argument}` must name streams of this head, which "
                                         r"are \('u', 'v', 'fused'\), but got \['w'\]"):
        head(**{argument: value})


def test_no_inference_stream():
    with pytest.raises(ValueError, match='`inference_streams` must name at least one stream'):
        head(inference_streams=())


def test_stream_without_a_weight():
    with pytest.raises(ValueError, match=r"\['fused'\] have none"):
        head(loss_weights=dict(u=1, v=1))


def test_alpha_outside_its_range():
    with pytest.raises(ValueError, match=r'`alpha` must lie in \[0, 1\], but got 1.5'):
        head(alpha=1.5)
