from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from projects.bss.functional import combine_opinions, dirichlet_kl, evidential_loss, opinion

# The worked example: logits (2, 0, -1) and (1, 1, 0) through a softplus.
FIRST = 1 + F.softplus(torch.tensor([2., 0, -1]))
SECOND = 1 + F.softplus(torch.tensor([1., 1, 0]))
COMBINED = torch.tensor([5.371261, 3.309837, 2.078788])


def combine_by_dempster(first, second):
    """Combine two opinions as the paper writes it: conflict first, then belief and uncertainty."""
    (b1, u1), (b2, u2) = opinion(first), opinion(second)
    classes = range(len(first))
    conflict = sum(b1[i] * b2[j] for i, j in itertools.product(classes, classes) if i != j)
    belief = torch.stack([b1[i] * b2[i] + b1[i] * u2 + b2[i] * u1 for i in classes])
    belief, uncertainty = belief / (1 - conflict), u1 * u2 / (1 - conflict)
    return belief * len(first) / uncertainty + 1


def random_alphas(count, classes=4, scale=3.0):
    generator = torch.Generator().manual_seed(classes)
    return [1 + scale * torch.rand(classes, generator=generator, dtype=torch.float64)
            for _ in range(count)]


@pytest.mark.parametrize('alpha, belief, uncertainty', [
    (FIRST, [0.346782, 0.113013, 0.051075], 0.489130),
    (SECOND, [0.207805, 0.207805, 0.109681], 0.474708),
    (COMBINED, [0.406255, 0.214671, 0.100260], 0.278813),
    (torch.ones(3), [0, 0, 0], 1),
])
def test_opinions_of_the_worked_example(alpha, belief, uncertainty):
    found = opinion(alpha)
    torch.testing.assert_close(found[0], torch.tensor(belief).float(), atol=1e-6, rtol=0)
    assert found[1].item() == pytest.approx(uncertainty, abs=1e-6)
    assert found[0].sum() + found[1] == pytest.approx(1)


def test_combination_of_the_worked_example():
    torch.testing.assert_close(combine_opinions([FIRST, SECOND]), COMBINED, atol=2e-6, rtol=0)
    assert COMBINED.sum().item() == pytest.approx(10.759885, abs=2e-6)


def test_combination_of_the_exact_small_case():
    combined = combine_opinions([torch.tensor([3., 1]), torch.tensor([1., 2])])
    assert combined.tolist() == pytest.approx([3, 2])
    assert opinion(combined)[1].item() == pytest.approx(0.4)


@pytest.mark.parametrize('count', [2, 3, 4])
def test_combination_folds_the_rule_of_dempster(count):
    alphas = random_alphas(count)
    folded = alphas[0]
    for alpha in alphas[1:]:
        folded = combine_by_dempster(folded, alpha)
    torch.testing.assert_close(combine_opinions(alphas), folded)


def test_order_does_not_matter_and_an_empty_opinion_neither():
    alphas = random_alphas(3)
    combined = combine_opinions(alphas)
    for order in itertools.permutations(alphas):
        torch.testing.assert_close(combine_opinions(order), combined)
    torch.testing.assert_close(combine_opinions([*alphas, torch.ones_like(combined)]), combined)


def test_opinions_that_contradict_each_other_stay_finite():
    strong = torch.tensor([1e6, 1.0]), torch.tensor([1.0, 1e6])
    torch.testing.assert_close(combine_opinions(strong), torch.tensor([1e6, 1e6]))


def test_divergence_by_hand():
    divergence = dirichlet_kl(torch.tensor([[1., 3], [1, 1], [3, 1]]))
    assert divergence.tolist() == pytest.approx([0.431946, 0, 0.431946], abs=1e-6)


def test_divergence_is_that_of_torch():
    alpha = torch.stack(random_alphas(5))
    expected = torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(alpha),
        torch.distributions.Dirichlet(torch.ones_like(alpha)))
    torch.testing.assert_close(dirichlet_kl(alpha), expected)


def test_loss_without_divergence_by_hand():
    alpha = torch.tensor([[3., 1], [3, 1]])
    losses = evidential_loss(alpha, torch.tensor([0, 1]), kl_weight=0)
    assert losses.tolist() == pytest.approx([1 / 3, 11 / 6], abs=1e-6)


@pytest.mark.parametrize('weight, expected', [(0, 0.743541), (0.1, 0.806933), (1, 1.377462)])
def test_loss_of_the_worked_example(weight, expected):
    loss = evidential_loss(COMBINED[None], torch.tensor([0]), weight)
    assert loss.tolist() == pytest.approx([expected], abs=2e-6)


def test_evidence_for_the_label_is_not_punished():
    alpha = torch.tensor([[50., 1, 1]])
    assert evidential_loss(alpha, torch.tensor([0]), 1.0) == evidential_loss(
        alpha, torch.tensor([0]), 0.0)
