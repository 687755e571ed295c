from __future__ import annotations

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from projects.bss.functional import combine_opinions, evidential_loss
from projects.bss.models import ConcatFusion, EvidentialHead, MultiModalClassifier

WIDTHS = dict(u=3, v=3)
# The worked example of evidence, with a pseudo-view that has next to none.
LOGITS = dict(u=torch.tensor([[2., 0, -1]]), v=torch.tensor([[1., 1, 0]]))
VIEWS = ['u', 'v', 'pseudo_view', 'fused']


@pytest.fixture
def head() -> EvidentialHead:
    """Views whose classifiers pass features on; the bias of the pseudo-view is -100."""
    head = EvidentialHead(3, WIDTHS, 6)
    with torch.no_grad():
        for name in WIDTHS:
            head.classifiers[name].weight.copy_(torch.eye(3))
            head.classifiers[name].bias.zero_()
        head.classifiers['pseudo_view'].weight.zero_()
        head.classifiers['pseudo_view'].bias.fill_(-100)
    return head


@pytest.fixture
def epoch(monkeypatch):
    """Function that sets the epoch of the run."""
    monkeypatch.setattr(MessageHub, '_instance_dict', type(MessageHub._instance_dict)())
    return lambda number: MessageHub.get_current_instance().update_info('epoch', number)


def logits_of(head, **present):
    fused = torch.cat(list(LOGITS.values()), dim=1)
    return head({**LOGITS, 'fused': fused}, ConcatFusion(WIDTHS), present or None)


def test_logits_are_logarithms_of_the_worked_concentrations(head):
    logits = logits_of(head)
    assert list(logits) == VIEWS
    expected = dict(u=[3.126928, 1.693147, 1.313262], v=[2.313262, 2.313262, 1.693147],
                    pseudo_view=[1, 1, 1], fused=[5.371261, 3.309837, 2.078788])
    for name, alpha in expected.items():
        torch.testing.assert_close(logits[name].exp(), torch.tensor([alpha]).float(), atol=5e-6,
                                   rtol=0)
    torch.testing.assert_close(head.predict(logits)['fused'],
                               torch.tensor([[5.371261, 3.309837, 2.078788]]) / 10.759885)


@pytest.mark.parametrize('number, kl, fused', [
    (0, 0, 0.743541), (1, 0.1, 0.806933), (10, 1, 1.377462), (25, 1, 1.377462)])
def test_loss_anneals_with_the_epoch(head, epoch, number, kl, fused):
    epoch(number)
    logits = logits_of(head)
    losses = head.loss(logits, torch.tensor([0]))
    assert list(losses) == [f'loss_{name}' for name in VIEWS]
    assert losses['loss_fused'].item() == pytest.approx(fused, abs=5e-6)
    for name in VIEWS:
        expected = evidential_loss(logits[name].exp(), torch.tensor([0]), kl).mean()
        torch.testing.assert_close(losses[f'loss_{name}'], expected)


def test_divergence_has_its_full_weight_in_evaluation_and_outside_a_run(head, epoch):
    assert head.divergence_weight == 1
    epoch(2)
    assert head.divergence_weight == 0.2
    assert head.eval().divergence_weight == 1


def test_an_absent_view_is_vacuous(head):
    logits = logits_of(head, u=torch.tensor([True]), v=torch.tensor([False]))
    assert logits['v'].tolist() == [[0, 0, 0]]
    torch.testing.assert_close(logits['fused'], logits['u'])


def model() -> MultiModalClassifier:
    torch.manual_seed(0)
    return MultiModalClassifier({name: nn.Linear(4, 3) for name in WIDTHS}, ConcatFusion(WIDTHS),
                                EvidentialHead(3, WIDTHS, 6))


def test_the_pseudo_view_is_trained_but_not_reported():
    etmc, seen = model(), []
    etmc.register_logits_hook(lambda logits, features: seen.append(list(logits)))
    out = etmc({name: torch.randn(5, 4) for name in WIDTHS})
    assert seen == [['u', 'v', 'fused']] and list(out['logits']) == ['u', 'v', 'fused']
    pseudo = 1 + nn.functional.softplus(
        etmc.head.classifiers['pseudo_view'](out['features']['fused']))
    alphas = [out['logits']['u'].exp(), out['logits']['v'].exp(), pseudo]
    torch.testing.assert_close(out['logits']['fused'].exp(), combine_opinions(alphas))
    out['logits']['fused'].sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in etmc.parameters())


def test_half_precision_keeps_the_opinions_in_float32():
    with torch.autocast('cpu', torch.bfloat16):
        logits = model()({name: torch.randn(5, 4) for name in WIDTHS})['logits']
    assert {rows.dtype for rows in logits.values()} == {torch.float32}


def test_annealing_of_no_epoch():
    with pytest.raises(ValueError, match='`annealing_epochs` must be at least 1, but got 0'):
        EvidentialHead(3, WIDTHS, 6, annealing_epochs=0)


def test_reserved_modality_name():
    with pytest.raises(ValueError, match="No modality may be called 'pseudo_view'"):
        EvidentialHead(3, dict(u=3, pseudo_view=3), 6)
