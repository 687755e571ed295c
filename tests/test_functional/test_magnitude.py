"""Gradient norms of single samples against one backward pass per sample."""
import math

import pytest
import torch
from torch import nn
from torch.func import functional_call

from projects.bss.functional import (gradient_magnitude, head_gradient_magnitude, multimodal_loss,
                                     sample_gradient_magnitude)

LABELS = torch.tensor([0, 1, 2, 3, 0, 1])


def close(values, expected, tolerance=1e-5):
    torch.testing.assert_close(values, torch.as_tensor(expected), atol=0, rtol=tolerance)


class TwoStreams(nn.Module):
    """Encoders and heads of two modalities, and a fused head on the concatenation."""

    def __init__(self):
        super().__init__()
        self.encoders = nn.ModuleDict(dict(a=nn.Linear(4, 3), b=nn.Linear(5, 2)))
        self.heads = nn.ModuleDict(dict(a=nn.Linear(3, 4), b=nn.Linear(2, 4),
                                        fused=nn.Linear(5, 4)))

    def features(self, inputs):
        return {name: self.encoders[name](x).tanh() for name, x in inputs.items()}

    def forward(self, inputs, keep=None):
        features = self.features(inputs)
        if keep is not None:
            features = {name: z * keep[name][:, None] for name, z in features.items()}
        logits = {name: self.heads[name](z) for name, z in features.items()}
        return {**logits, 'fused': self.heads['fused'](torch.cat(list(features.values()), dim=1))}


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(3)
    return TwoStreams()


@pytest.fixture(scope='module')
def inputs():
    generator = torch.Generator().manual_seed(4)
    return {name: torch.randn(6, width, generator=generator)
            for name, width in dict(a=4, b=5).items()}


def by_hand(losses, parameters, norm='total'):
    result = []
    for loss in losses:
        for parameter in parameters:
            parameter.grad = None
        loss.backward(retain_graph=True)
        norms = [0.0 if p.grad is None else float(p.grad.norm()) for p in parameters]
        result.append(sum(norms) if norm == 'sum' else math.sqrt(sum(n * n for n in norms)))
    for parameter in parameters:
        parameter.grad = None
    return result


@pytest.mark.parametrize('norm', ['total', 'sum'])
def test_of_a_graph(model, inputs, norm):
    parameters = list(model.parameters())
    losses = multimodal_loss(model(inputs), LABELS, alpha=0.4)
    exact = gradient_magnitude(losses, parameters, norm)
    assert all(p.grad is None for p in parameters) and not exact.requires_grad
    close(exact, by_hand(losses, parameters, norm))


@pytest.mark.parametrize('norm', ['total', 'sum'])
@pytest.mark.parametrize('chunk_size', [None, 1, 4])
def test_vectorised(model, inputs, norm, chunk_size):
    def loss(parameters, inputs, label):
        one = {name: x[None] for name, x in inputs.items()}
        logits = functional_call(model, parameters, (one, ))
        return multimodal_loss(logits, label[None], alpha=0.4).sum()

    parameters = dict(model.named_parameters())
    with torch.no_grad():
        exact = sample_gradient_magnitude(loss, parameters, inputs, LABELS, norm=norm,
                                          chunk_size=chunk_size)
    assert all(p.grad is None for p in parameters.values()) and not exact.requires_grad
    losses = multimodal_loss(model(inputs), LABELS, alpha=0.4)
    close(exact, by_hand(losses, list(parameters.values()), norm))


def test_vectorised_by_some_of_the_parameters():
    """d/dw (w x - b)^2 = 2 (w x - b) x = 2 (6 - 1) 3 and 2 (-2 - 1) (-1)."""
    def loss(parameters, x):
        return (parameters['w'] * x - 1)**2

    assert sample_gradient_magnitude(loss, dict(w=torch.tensor(2.)),
                                     torch.tensor([3., -1])).tolist() == [30, 6]


def test_what_cannot_be_vectorised_says_so():
    with pytest.raises(RuntimeError, match=r'\.item\(\)'):
        sample_gradient_magnitude(lambda parameters, x: parameters['w'] * x.item(),
                                  dict(w=torch.tensor(1.)), torch.ones(2))


class TestClosedFormOfTheHeads:

    def test_equals_autograd(self, model, inputs):
        losses = multimodal_loss(model(inputs), LABELS, alpha=0.4)
        closed = head_gradient_magnitude(model(inputs), model.features(inputs), LABELS, alpha=0.4)
        close(closed, by_hand(losses, list(model.heads.parameters())))

    def test_takes_the_fused_features_if_given(self, model, inputs):
        logits, features = model(inputs), model.features(inputs)
        fused = torch.cat(list(features.values()), dim=1)
        close(head_gradient_magnitude(logits, {**features, 'fused': fused}, LABELS),
              head_gradient_magnitude(logits, features, LABELS))

    def test_of_absent_modalities_equals_autograd(self, model, inputs):
        present = dict(a=torch.tensor([True, True, False, False, True, True]),
                       b=torch.tensor([True, False, True, False, True, False]))
        losses = multimodal_loss(model(inputs, present), LABELS, alpha=0.4, present=present)
        broken = {name: z.where(present[name][:, None], math.nan)
                  for name, z in model.features(inputs).items()}
        closed = head_gradient_magnitude(model(inputs, present), broken, LABELS, alpha=0.4,
                                         present=present)
        close(closed, by_hand(losses, list(model.heads.parameters())))


@pytest.mark.parametrize('function', [
    lambda: gradient_magnitude(torch.zeros(1), [], norm='max'),
    lambda: sample_gradient_magnitude(torch.sum, {}, torch.zeros(1), norm='max')])
def test_unknown_norm(function):
    with pytest.raises(ValueError, match="`norm` must be 'total' or 'sum', but got 'max'"):
        function()
