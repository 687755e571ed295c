from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from projects.bss.models import (AffineFusion, ConcatFusion, LSTMFusion, MultiModalClassifier,
                                 SplitHead, WeightFusion)

WIDTHS = dict(audio=2, visual=2)
FEATURES = dict(audio=torch.tensor([[1., 2.]]), visual=torch.tensor([[3., -1.]]))
LABELS = torch.tensor([0, 1, 2, 1])


def classifier(fusion=None, **head) -> MultiModalClassifier:
    torch.manual_seed(0)
    fusion = ConcatFusion(WIDTHS) if fusion is None else fusion
    return MultiModalClassifier({name: nn.Linear(3, width) for name, width in WIDTHS.items()},
                                fusion, SplitHead(3, fusion.out_channels, **head))


def inputs():
    return {name: torch.randn(4, 3) for name in WIDTHS}


def test_worked_example_of_concat():
    head = SplitHead(2, 4)
    with torch.no_grad():
        head.classifier.weight.copy_(torch.tensor([[1., 0, 2, 0], [0, 1, 0, -1]]))
        head.classifier.bias.copy_(torch.tensor([0.1, 0.2]))
    fusion = ConcatFusion(WIDTHS)
    logits = head({**FEATURES, 'fused': fusion(FEATURES)}, fusion)
    assert list(logits) == ['audio', 'visual', 'fused']
    torch.testing.assert_close(logits['audio'], torch.tensor([[1.05, 2.1]]))
    torch.testing.assert_close(logits['visual'], torch.tensor([[6.05, 1.1]]))
    torch.testing.assert_close(logits['fused'], torch.tensor([[7.1, 3.2]]))


@pytest.mark.parametrize('fusion', [AffineFusion(WIDTHS), LSTMFusion(WIDTHS, hidden=3)])
def test_split_by_zeros_in_place_of_the_others(fusion):
    model = classifier(fusion)
    out = model(inputs())
    zeros = torch.zeros(4, 2)
    for name, other in (('audio', 'visual'), ('visual', 'audio')):
        alone = fusion({name: out['features'][name], other: zeros})
        torch.testing.assert_close(out['logits'][name], model.head.classifier(alone))


def test_split_of_weighted_features_is_each_modality_by_itself():
    model = classifier(WeightFusion(WIDTHS))
    out = model(inputs())
    for name in WIDTHS:
        torch.testing.assert_close(out['logits'][name],
                                   model.head.classifier(out['features'][name]))


def test_only_the_fused_stream_is_trained_and_predicts():
    model = classifier()
    logits = model(inputs())['logits']
    losses = model.loss(logits, LABELS)
    assert list(losses) == ['loss_fused']
    torch.testing.assert_close(losses['loss_fused'], F.cross_entropy(logits['fused'], LABELS))
    scores = model.predict(logits)
    for name in ('audio', 'visual', 'fused'):
        torch.testing.assert_close(scores[name], logits[name].softmax(dim=1))


def test_split_logits_carry_a_gradient_only_if_they_are_trained():
    assert not classifier()(inputs())['logits']['audio'].requires_grad
    model = classifier(loss_weights=dict(fused=1, visual=0.5))
    logits = model(inputs())['logits']
    losses = model.loss(logits, LABELS)
    assert logits['audio'].requires_grad and list(losses) == ['loss_fused', 'loss_visual']
    torch.testing.assert_close(losses['loss_visual'],
                               0.5 * F.cross_entropy(logits['visual'], LABELS))
    losses['loss_visual'].backward()
    assert model.encoders['visual'].weight.grad.abs().sum() > 0
    assert model.encoders['audio'].weight.grad is None


def test_prediction_can_sum_other_streams():
    model = classifier(inference_streams=('audio', 'visual'))
    logits = model(inputs())['logits']
    torch.testing.assert_close(model.predict(logits)['fused'], logits['fused'].softmax(dim=1))


@pytest.mark.parametrize('argument, value', [('loss_weights', dict(fused=1, text=1)),
                                             ('inference_streams', ['fused', 'text'])])
def test_unknown_stream(argument, value):
    with pytest.raises(ValueError, match=fr"`{argument}` must name streams of this head, which "
                                         r"are \('audio', 'visual', 'fused'\), but got \['text'\]"):
        classifier(**{argument: value})


@pytest.mark.parametrize('argument', ['loss_weights', 'inference_streams'])
def test_no_stream(argument):
    with pytest.raises(ValueError, match=f'`{argument}` must name at least one stream'):
        classifier(**{argument: {}})


def test_split_of_a_classifier_that_is_not_linear():
    with pytest.raises(TypeError, match='`classifier` must be a torch.nn.Linear .* got a Identity'):
        ConcatFusion(WIDTHS).split_logits(FEATURES, nn.Identity())
