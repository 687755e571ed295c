from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from projects.bss.models import ConcatFusion, MultiModalClassifier, SplitHead, SumFusion

FEATURES = dict(audio=torch.tensor([[1., 2.]]), visual=torch.tensor([[3., -1.]]))
WIDTHS = dict(audio=2, visual=2)


@pytest.fixture
def fusion() -> SumFusion:
    """The classifier of the worked example of Concat, its bias (0.1, 0.2) in two unequal parts."""
    fusion = SumFusion(WIDTHS, num_classes=2)
    with torch.no_grad():
        fusion.classifiers['audio'].weight.copy_(torch.eye(2))
        fusion.classifiers['visual'].weight.copy_(torch.tensor([[2., 0], [0, -1]]))
        fusion.classifiers['audio'].bias.copy_(torch.tensor([0.1, 0]))
        fusion.classifiers['visual'].bias.copy_(torch.tensor([0, 0.2]))
    return fusion


def test_adds_to_the_output_of_concat(fusion):
    joined = ConcatFusion(WIDTHS)(FEATURES)
    weight = torch.cat([layer.weight for layer in fusion.classifiers.values()], dim=1)
    whole = F.linear(joined, weight, torch.tensor([0.1, 0.2]))
    torch.testing.assert_close(whole, torch.tensor([[7.1, 3.2]]))
    torch.testing.assert_close(fusion(FEATURES), whole)


def test_split_has_the_bias_of_each_modality(fusion):
    split = fusion.split_logits(FEATURES, torch.nn.Identity())
    torch.testing.assert_close(split['audio'], torch.tensor([[1.1, 2.]]))
    torch.testing.assert_close(split['visual'], torch.tensor([[6., 1.2]]))


def test_a_step_moves_every_bias(fusion):
    before = [layer.bias.clone() for layer in fusion.classifiers.values()]
    logits = fusion(FEATURES)
    logits.retain_grad()
    F.cross_entropy(logits, torch.tensor([1])).backward()
    for layer, old in zip(fusion.classifiers.values(), before):
        with torch.no_grad():
            layer.bias -= 0.1 * layer.bias.grad
        torch.testing.assert_close(layer.bias, old - 0.1 * logits.grad[0])


def test_an_absent_modality_adds_no_bias(fusion):
    features = dict(FEATURES, visual=torch.zeros(1, 2))
    present = dict(audio=torch.tensor([True]), visual=torch.tensor([False]))
    torch.testing.assert_close(fusion(features, present), torch.tensor([[1.1, 2.]]))
    torch.testing.assert_close(fusion(features), torch.tensor([[1.1, 2.2]]))


def model(fused_channels, num_classes=2):
    encoders = {name: torch.nn.Linear(3, 2) for name in WIDTHS}
    return MultiModalClassifier(encoders, SumFusion(WIDTHS, 2),
                                SplitHead(num_classes, fused_channels))


def test_its_logits_are_those_of_the_model():
    torch.manual_seed(0)
    out = model(None)({name: torch.randn(4, 3) for name in WIDTHS})
    torch.testing.assert_close(out['logits']['fused'], out['features']['fused'], rtol=0, atol=0)
    torch.testing.assert_close(out['logits']['audio'] + out['logits']['visual'],
                               out['logits']['fused'])


def test_a_classifier_behind_it():
    with pytest.raises(ValueError, match='`head.fused_channels` must be None, because SumFusion '
                                         'gives the fused logits itself, but got 2'):
        model(2)


def test_another_number_of_classes():
    with pytest.raises(ValueError, match='`fusion.num_classes` must be that of the head, 5, but '
                                         'got 2'):
        model(None, 5)
