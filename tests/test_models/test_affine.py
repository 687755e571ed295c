from __future__ import annotations

import pytest
import torch

from projects.bss.models import AffineFusion

FEATURES = dict(audio=torch.tensor([[1., 2.]]), visual=torch.tensor([[3., -1.]]))


def test_worked_example():
    fusion = AffineFusion(dict(audio=2, visual=2))
    with torch.no_grad():
        fusion.generators['audio'].weight.copy_(
            torch.cat([torch.eye(2), 0.5 * torch.eye(2)]))
        fusion.generators['audio'].bias.zero_()
    assert fusion.out_channels == 2
    assert fusion(FEATURES).tolist() == [[3.5, -1]]


def test_scale_one_and_shift_zero_leave_the_base():
    fusion = AffineFusion(dict(audio=2, visual=2))
    with torch.no_grad():
        fusion.generators['audio'].weight.zero_()
        fusion.generators['audio'].bias.copy_(torch.tensor([1., 1, 0, 0]))
    torch.testing.assert_close(fusion(FEATURES), FEATURES['visual'])


def test_three_modalities_add_their_scales_and_shifts():
    features = dict(a=torch.tensor([[1., 2.]]), b=torch.tensor([[10.]]), c=torch.tensor([[2.]]))
    fusion = AffineFusion(dict(a=2, b=1, c=1), base='b')
    assert set(fusion.generators) == {'a', 'c'} and fusion.out_channels == 1
    with torch.no_grad():
        fusion.generators['a'].weight.copy_(torch.tensor([[1., 1], [0, 3]]))  # scale 3, shift 6
        fusion.generators['c'].weight.copy_(torch.tensor([[0.5], [-1]]))  # scale 1, shift -2
        for layer in fusion.generators.values():
            layer.bias.copy_(torch.tensor([0.25, 1]))
    assert fusion(features).tolist() == [[(3 + 1 + 0.5) * 10 + 6 - 2 + 2]]


def test_unknown_base():
    with pytest.raises(ValueError, match=r"`base` must be one of the modalities "
                                         r"\['audio', 'visual'\], but got 'text'"):
        AffineFusion(dict(audio=2, visual=2), base='text')
