"""The gate of DOMFN by numbers, and the head in real runs."""
from __future__ import annotations

import copy
import math
import warnings
from itertools import permutations

import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub

from projects.bss.models import ConcatFusion, SumFusion
from projects.bss.rebalance import DOMFNHead
from projects.bss.rebalance.domfn import (agreement, divergence, largest_divergence, most_confident,
                                          unimodal_losses)
from tests.test_rebalance.probes import config, run, same_weights, train
from tests.toy import BSS_L, build

AGREEING = dict(text=[.9, .2], vision=[.3, .4], audio=[.6, .3])
DIVERGING = dict(text=[1., 0.], vision=[0., .6], audio=[0., .5])
WIDTHS = dict(rgb=4, flow=4, depth=4)


def rows(table):
    return {name: torch.tensor([values], dtype=torch.float64) for name, values in table.items()}


def numbers(tensors):
    return [round(value.item(), 6) for value in tensors.values()]


def test_worked_example_of_agreement():
    q, label = rows(AGREEING), torch.tensor([0])
    found = divergence(q)
    assert numbers(found) == [.09, .09, 0]
    gate = agreement(found, gamma=.8, tau=.5)
    assert gate.tolist() == [True]
    entropies = {name: F.cross_entropy(values, label, reduction='none')
                 for name, values in q.items()}
    assert numbers(entropies) == [.403186, .744397, .554355]
    losses = {name: unimodal_losses(entropies[name], found[name], gate) for name in q}
    extra = {name: losses[name] - entropies[name] for name in q}
    assert numbers(extra) == [.036279, .232063, .153655]
    joint = F.cross_entropy(torch.tensor([[.8, .1]]), label)
    assert (sum(losses.values()) + joint).item() == pytest.approx(2.527122, abs=1e-6)


def test_worked_example_of_divergence():
    q = rows(DIVERGING)
    found = divergence(q)
    assert numbers(found) == [.444444, .111111, .111111]
    gate = agreement(found, gamma=.8, tau=.5)
    assert gate.tolist() == [False]
    entropy = torch.tensor([.7], dtype=torch.float64)
    assert torch.equal(unimodal_losses(entropy, found['text'], gate), entropy)
    assert torch.equal(most_confident(q), q['text'])


def test_two_modalities_part_only_at_the_smaller_tau():
    found = divergence(rows(dict(u=[.95, .1], v=[.05, .9])))
    assert numbers(found) == [.2025, .2025]
    assert agreement(found, tau=.2).tolist() == [False]
    assert agreement(found, tau=.5).tolist() == [True]


@pytest.mark.parametrize('count, bound', [(2, .25), (3, 4 / 9), (4, .5625)])
def test_bound_of_the_divergence(count, bound):
    assert largest_divergence(count) == pytest.approx(bound)
    names = [f'm{i}' for i in range(count)]
    corner = {name: torch.tensor([[float(i == 0), float(i != 0)]])
              for i, name in enumerate(names)}
    assert divergence(corner)['m0'].item() == pytest.approx(bound)
    generator = torch.Generator().manual_seed(0)
    sharp = {name: (20 * torch.randn(2000, 3, generator=generator)).softmax(1) for name in names}
    assert torch.stack(list(divergence(sharp).values())).max() <= bound + 1e-6


def test_order_of_the_modalities_does_not_matter():
    generator = torch.Generator().manual_seed(1)
    q = {name: torch.randn(50, 4, generator=generator).softmax(1) for name in AGREEING}
    found = divergence(q)
    for order in permutations(q):
        again = divergence({name: q[name] for name in order})
        torch.testing.assert_close([again[name] for name in q], list(found.values()))
        torch.testing.assert_close(most_confident({name: q[name] for name in order}),
                                   most_confident(q))


def test_the_first_of_equally_confident_modalities_predicts():
    q = rows(dict(u=[.8, .2], v=[.2, .8]))
    assert torch.equal(most_confident(q), q['u'])


def test_an_absent_modality_neither_diverges_nor_predicts():
    q = rows(dict(u=[.9, .1], v=[math.nan, math.nan], w=[.7, .3]))
    present = dict(u=torch.tensor([True]), v=torch.tensor([False]), w=torch.tensor([True]))
    assert numbers(divergence(q, present)) == [.01, 0, .01]
    assert torch.equal(most_confident(q, present), q['u'])


# The head. Logits of sample 0 agree, those of sample 1 part.
LOGITS = dict(rgb=torch.tensor([[2., 0, 0], [9., 0, 0]]),
              flow=torch.tensor([[1., 0, 0], [0., 0, 5]]),
              depth=torch.tensor([[1., 1, 0], [0., 9, 0]]),
              fused=torch.tensor([[0., 2, 0], [0., 0, 3]]))
LABELS = torch.tensor([0, 2])


@pytest.fixture
def epoch(monkeypatch):
    """Function that sets the epoch of the run."""
    monkeypatch.setattr(MessageHub, '_instance_dict', type(MessageHub._instance_dict)())
    return lambda number: MessageHub.get_current_instance().update_info('epoch', number)


@pytest.fixture
def head(epoch):
    return DOMFNHead(3, WIDTHS, 12, pretrain_epochs=2)


def looped_loss(logits, labels, gamma=.8, eta=.5, tau=.2):
    """The loss as the paper writes it, sample by sample."""
    losses = dict.fromkeys([f'loss_{name}' for name in logits], 0.)
    for i, label in enumerate(labels):
        q = {name: z[i].softmax(0) for name, z in logits.items() if name != 'fused'}
        mean = sum(q.values()) / len(q)
        pi = {name: max(float(d)**2 for d in values - mean) for name, values in q.items()}
        entropy = {name: -float(z[i].log_softmax(0)[label]) for name, z in logits.items()}
        fused = all(value / tau < gamma for value in pi.values())
        for name in q:
            losses[f'loss_{name}'] += entropy[name] / len(labels)
            if fused:
                extra = entropy[name]**2 / 2 - eta * pi[name]
                losses[f'loss_{name}'] += extra / len(labels)
        losses['loss_fused'] += fused * entropy['fused'] / len(labels)
    return losses


def plain(losses):
    return {name: pytest.approx(value.item(), abs=1e-6) for name, value in losses.items()}


def test_each_sample_has_its_own_gate(head, epoch):
    epoch(2)
    expected = looped_loss(LOGITS, LABELS)
    assert plain(head.loss(LOGITS, LABELS)) == expected
    # The fused classifier learns from sample 0 alone.
    assert expected['loss_fused'] == pytest.approx(F.cross_entropy(
        LOGITS['fused'][:1], LABELS[:1]).item() / 2)


def test_batches_of_one_add_up_to_a_batch(head):
    whole = head.loss(LOGITS, LABELS)
    singles = [head.loss({name: z[i:i + 1] for name, z in LOGITS.items()}, LABELS[i:i + 1])
               for i in range(2)]
    for name, value in whole.items():
        torch.testing.assert_close(value, (singles[0][name] + singles[1][name]) / 2)


def test_modalities_are_trained_alone_first(head, epoch):
    epoch(1)
    losses = head.loss(LOGITS, LABELS)
    assert losses.pop('loss_fused') == 0
    for name in WIDTHS:
        torch.testing.assert_close(losses[f'loss_{name}'], F.cross_entropy(LOGITS[name], LABELS))
    assert not head.joint_trained
    # Sample 0 agrees, but the fused classifier knows nothing yet.
    assert torch.equal(head.predict(LOGITS)['fused'][0], LOGITS['rgb'][0].softmax(0))


def test_only_the_parting_samples_are_predicted_by_one_modality(head):
    head.loss(LOGITS, LABELS)
    scores = head.predict(LOGITS)
    assert list(scores) == [*WIDTHS, 'fused']
    assert torch.equal(scores['fused'][0], LOGITS['fused'][0].softmax(0))
    assert torch.equal(scores['fused'][1], LOGITS['rgb'][1].softmax(0))
    for name in WIDTHS:
        assert torch.equal(scores[name], LOGITS[name].softmax(1))


def test_scoring_does_not_count_as_training(head):
    head.eval().loss(LOGITS, LABELS)
    assert not head.joint_trained


def test_a_loaded_head_knows_that_it_was_trained(head):
    head.loss(LOGITS, LABELS)
    other = DOMFNHead(3, WIDTHS, 12)
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.predict(LOGITS)['fused'], head.predict(LOGITS)['fused'])


def test_gradients_follow_the_gate(head):
    leaves = {name: z.clone().requires_grad_() for name, z in LOGITS.items()}
    sum(head.loss(leaves, LABELS).values()).backward()
    assert leaves['fused'].grad[0].abs().sum() > 0 and not leaves['fused'].grad[1].any()
    # A sample that parts gives a modality the gradient of its cross-entropy, and no other.
    expected = (LOGITS['flow'][1].softmax(0) - F.one_hot(LABELS[1], 3)) / 2
    torch.testing.assert_close(leaves['flow'].grad[1], expected)


def test_absent_modalities_are_left_out(head):
    present = dict(rgb=torch.tensor([True, False]), flow=torch.tensor([True, True]),
                   depth=torch.tensor([True, False]))
    head.loss(LOGITS, LABELS)
    broken = {**LOGITS, 'rgb': LOGITS['rgb'].index_fill(0, torch.tensor([1]), math.nan)}
    losses = head.loss(broken, LABELS, present)
    assert all(value.isfinite() for value in losses.values())
    first = looped_loss({name: z[:1] for name, z in LOGITS.items()}, LABELS[:1])
    assert losses['loss_rgb'].item() == pytest.approx(first['loss_rgb'], abs=1e-6)
    # With flow alone sample 1 has nothing to diverge from, so it is fused.
    scores = head.predict(broken, present)
    assert torch.equal(scores['fused'][1], LOGITS['fused'][1].softmax(0))


def test_half_precision_is_widened(head):
    half = {name: z.bfloat16() for name, z in LOGITS.items()}
    exact = head.loss({name: z.float() for name, z in half.items()}, LABELS)
    losses = head.loss(half, LABELS)
    assert all(value.dtype == torch.float32 for value in losses.values())
    assert losses == exact


def test_fits_fusions_like_the_head_it_extends(head):
    head.check_fusion(ConcatFusion(WIDTHS))
    DOMFNHead(3, WIDTHS, None).check_fusion(SumFusion(WIDTHS, 3))
    with pytest.raises(ValueError, match='`head.fused_channels` must be None, because SumFusion'):
        head.check_fusion(SumFusion(WIDTHS, 3))


def test_warning_of_a_gate_that_never_closes():
    with pytest.warns(UserWarning, match='fuse every sample, because the divergence of 2 '
                                         r'modalities cannot exceed 0.25, but `gamma` \* `tau` '
                                         'is 0.4: lower `tau`'):
        DOMFNHead(3, dict(u=4, v=4), 8, tau=.5)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        DOMFNHead(3, WIDTHS, 12, tau=.5)
        DOMFNHead(3, dict(u=4, v=4), 8)


@pytest.mark.parametrize('given, message', [
    (dict(gamma=0), '`gamma` and `tau` must be positive, but got 0 and 0.2'),
    (dict(tau=-1), '`gamma` and `tau` must be positive, but got 0.8 and -1'),
    (dict(pretrain_epochs=-1), '`pretrain_epochs` must not be negative, but got -1'),
])
def test_refused_arguments(given, message):
    with pytest.raises(ValueError, match=message):
        DOMFNHead(3, WIDTHS, 12, **given)


def toy(folder, *, first=None, modalities=('rgb', 'flow', 'depth'), pretrain_epochs=1, **options):
    made = config(folder, modalities=modalities, **(dict(first=first) if first else {}), **options)
    made['model']['head'].update(type='DOMFNHead', pretrain_epochs=pretrain_epochs)
    return made


EVERY = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))


@pytest.fixture(scope='module')
def saved(tmp_path_factory):
    """Folder with checkpoints of every iteration of a run, and how it ended."""
    folder = tmp_path_factory.mktemp('saved')
    return folder, run(toy(folder, epochs=2, default_hooks=EVERY))[0]


@pytest.mark.parametrize('cut', [5, 7, 10])
def test_resumed_run_equals_uninterrupted(saved, tmp_path, cut):
    folder, whole = saved
    resumed, _ = run(toy(tmp_path, epochs=2, resume=True,
                         load_from=str(folder / f'iter_{cut}.pth')))
    assert whole.model.head.joint_trained
    assert same_weights(resumed, whole)


def test_the_fused_classifier_rests_while_the_modalities_are_trained(tmp_path):
    runner, _ = build(toy(tmp_path, pretrain_epochs=1, epochs=1))
    before = copy.deepcopy(runner.model.head.classifiers.state_dict())
    train(runner)
    after = runner.model.head.classifiers.state_dict()
    assert torch.equal(after['fused.weight'], before['fused.weight'])
    assert not torch.equal(after['rgb.weight'], before['rgb.weight'])
    assert not runner.model.head.joint_trained


def test_two_modalities_with_bss_and_validation(tmp_path):
    cycle = dict(type='CurriculumTrainLoop', max_epochs=3, val_interval=1)
    made = toy(tmp_path, first=BSS_L, modalities=('rgb', 'flow'), train_cfg=cycle)
    runner, _ = run(made)
    assert runner.model.head.joint_trained
    assert runner.message_hub.get_scalar('val/acc/fused').current() > 1 / 3
