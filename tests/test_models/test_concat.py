from __future__ import annotations

import torch

from projects.bss.models import ConcatFusion, split_logits

FEATURES = dict(audio=torch.tensor([[1., 2.]]), visual=torch.tensor([[3., -1.]]))
WEIGHT = torch.tensor([[1., 0, 2, 0], [0, 1, 0, -1]])
BIAS = torch.tensor([0.1, 0.2])


def test_concatenates_in_the_order_of_the_config():
    fusion = ConcatFusion(dict(visual=2, audio=2))
    assert fusion.out_channels == 4
    assert fusion(FEATURES).tolist() == [[3, -1, 1, 2]]


def test_split_of_the_worked_example():
    whole = ConcatFusion(dict(audio=2, visual=2))(FEATURES) @ WEIGHT.T + BIAS
    split = split_logits(FEATURES, WEIGHT, BIAS)
    torch.testing.assert_close(whole, torch.tensor([[7.1, 3.2]]))
    torch.testing.assert_close(split['audio'], torch.tensor([[1.05, 2.1]]))
    torch.testing.assert_close(split['visual'], torch.tensor([[6.05, 1.1]]))
    torch.testing.assert_close(sum(split.values()), whole)


def test_bias_is_shared_by_the_actual_number_of_modalities():
    features = {name: torch.zeros(1, width) for name, width in dict(a=1, b=2, c=1).items()}
    split = split_logits(features, WEIGHT, BIAS)
    for logits in split.values():
        torch.testing.assert_close(logits, BIAS[None] / 3)


def test_split_logits_sum_to_the_output_for_uneven_widths():
    generator = torch.Generator().manual_seed(0)
    widths = dict(a=3, b=1, c=5)
    features = {name: torch.randn(6, width, generator=generator)
                for name, width in widths.items()}
    weight, bias = torch.randn(4, 9, generator=generator), torch.randn(4, generator=generator)
    expected = ConcatFusion(widths)(features) @ weight.T + bias
    torch.testing.assert_close(sum(split_logits(features, weight, bias).values()), expected)
