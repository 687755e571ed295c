from __future__ import annotations

import pytest
import torch
from torch import nn

from projects.bss.models import AttentionFusion, WeightFusion

WIDTHS = dict(audio=2, visual=2)
FEATURES = dict(audio=torch.tensor([[1., 2.]]), visual=torch.tensor([[3., -1.]]))
ABSENT = dict(audio=torch.tensor([True]), visual=torch.tensor([False]))


@pytest.fixture
def attention() -> AttentionFusion:
    """An attention that gives the scores of the worked example, 0.3 and -0.2."""
    fusion = AttentionFusion(WIDTHS)
    hidden, _, score = fusion.attention
    with torch.no_grad():
        hidden.weight.copy_(torch.tensor([[0., 1]]))  # 2 for audio; -1, so 0, for visual
        hidden.bias.zero_()
        score.weight.fill_(0.25)
        score.bias.fill_(-0.2)
    return fusion


def test_weights_by_the_features():
    torch.testing.assert_close(WeightFusion(WIDTHS)(FEATURES),
                               torch.tensor([[2.570022, 1.927963]]))


def test_weights_by_the_definition():
    generator = torch.Generator().manual_seed(0)
    features = {name: torch.randn(6, 5, generator=generator) for name in 'abc'}
    shares = {name: z.softmax(dim=1) for name, z in features.items()}
    expected = sum(shares[name] / sum(shares.values()) * z for name, z in features.items())
    torch.testing.assert_close(WeightFusion(dict.fromkeys('abc', 5))(features), expected)


def test_equal_features_are_kept():
    features = dict.fromkeys(WIDTHS, FEATURES['audio'])
    torch.testing.assert_close(WeightFusion(WIDTHS)(features), FEATURES['audio'])


def test_a_constant_changes_the_sum_but_not_the_weights():
    shifted = dict(FEATURES, audio=FEATURES['audio'] + 5)
    weights = torch.tensor([[0.214989, 0.975988]])
    torch.testing.assert_close(WeightFusion(WIDTHS)(shifted),
                               torch.tensor([[2.570022, 1.927963]]) + 5 * weights)


def test_shares_too_small_for_float32_are_no_nan():
    features = dict.fromkeys(WIDTHS, torch.tensor([[300., -300.]]))
    assert WeightFusion(WIDTHS)(features).tolist() == [[300, -300]]


def test_weights_by_attention(attention):
    torch.testing.assert_close(attention(FEATURES), torch.tensor([[1.755081, 0.867378]]))


def test_attention_has_half_the_width_and_is_shared():
    fusion = AttentionFusion(dict.fromkeys('abc', 6))
    assert [tuple(p.shape) for p in fusion.parameters()] == [(3, 6), (3, ), (1, 3), (1, )]


def test_an_absent_modality_has_no_weight(attention):
    for fusion in (WeightFusion(WIDTHS), attention):
        torch.testing.assert_close(fusion(FEATURES, ABSENT), FEATURES['audio'])


def test_a_sample_without_any_modality_gives_zeros(attention):
    nothing = dict.fromkeys(WIDTHS, torch.tensor([False]))
    zeros = dict.fromkeys(WIDTHS, torch.zeros(1, 2))
    for fusion in (WeightFusion(WIDTHS), attention):
        assert fusion(zeros, nothing).tolist() == [[0, 0]]


@pytest.mark.parametrize('fusion', [WeightFusion, AttentionFusion])
def test_differing_widths(fusion):
    with pytest.raises(ValueError, match=f"`in_channels` of {fusion.__name__} must be equal for "
                                         "all modalities, but got {'text': 3, 'image': 2}: set "
                                         "`project`"):
        fusion(dict(text=3, image=2))


def test_projection_to_one_width():
    torch.manual_seed(0)
    fusion = WeightFusion(dict(text=3, image=2), project=4)
    features = dict(text=torch.randn(5, 3), image=torch.randn(5, 2))
    projected = {name: fusion.projections[name](z) for name, z in features.items()}
    assert fusion.out_channels == 4
    assert all(isinstance(layer, nn.Linear) for layer in fusion.projections.values())
    torch.testing.assert_close(
        fusion(features), WeightFusion(dict(text=4, image=4))(projected), rtol=0, atol=0)


def test_projected_zeros_of_an_absent_modality_have_no_weight():
    fusion = WeightFusion(dict(audio=2, visual=2), project=3)
    expected = fusion.projections['audio'](FEATURES['audio'])
    zeros = dict(FEATURES, visual=torch.zeros(1, 2))
    torch.testing.assert_close(fusion(zeros, ABSENT), expected)
