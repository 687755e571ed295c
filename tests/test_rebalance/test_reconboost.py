"""ReconBoost: worked numbers, who learns when, and runs that resume between any two steps."""
from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from projects.bss.rebalance import (Phase, ReconBoostClassifier, SharedSumFusion, agreement_losses,
                                    boosting_losses, phase_number, phase_of)
from tests.test_rebalance.probes import config, run, same_weights
from tests.test_rebalance.test_mmpareto import a_batch
from tests.test_rebalance.test_step_classifier import shared_sum
from tests.toy import BSS_H, BSS_L, WIDTHS, model_config

OWN, REST, LABEL = torch.tensor([[1., 0, -1]]), torch.tensor([[.5, .2, 0]]), torch.tensor([0])
NAMES = tuple(WIDTHS)
MOMENTUM = dict(optimizer=dict(type='SGD', lr=.05, momentum=.9))


def value_and_gradient(function, *args, **kwargs):
    logits = OWN.clone().requires_grad_()
    value = function(logits, *args, **kwargs)
    return value.detach(), torch.autograd.grad(value.sum(), logits)[0][0]


def test_boosting_loss_and_its_gradient():
    value, gradient = value_and_gradient(boosting_losses, REST, LABEL)
    torch.testing.assert_close(value, torch.tensor([.621462]))
    torch.testing.assert_close(gradient, torch.tensor([-.510395, .373128, .137266]))


@pytest.mark.parametrize('rest, weights, factor', [
    (None, (5, 1), 4 / 3),  # the first stage
    (REST, (5, 0), 5 / 3),  # scaled cross-entropy
    (torch.tensor([[100., 0, 0]]), (1, 1), 0),  # the others leave nothing over
    (torch.tensor([[-100., 0, 0]]), (3, 1), 1)])
def test_boosting_loss_is_a_weighted_cross_entropy(rest, weights, factor):
    found = boosting_losses(OWN, rest, LABEL, weights)
    torch.testing.assert_close(found, factor * F.cross_entropy(OWN, LABEL)[None])


def test_first_stage_in_numbers():
    torch.testing.assert_close(boosting_losses(OWN, None, LABEL), torch.tensor([.543475]))


def test_no_gradient_reaches_the_others():
    rest = REST.clone().requires_grad_()
    own = OWN.clone().requires_grad_()
    (boosting_losses(own, rest, LABEL) + agreement_losses(own, rest)).sum().backward()
    assert rest.grad is None and own.grad.abs().sum() > 0


def test_agreement_in_numbers_and_with_a_gradient():
    value, gradient = value_and_gradient(agreement_losses, REST)
    torch.testing.assert_close(value, torch.tensor([.030199]))
    ours, theirs = OWN.softmax(1)[0], REST.softmax(1)[0]
    inner = 2 / 3 * (ours - theirs)
    torch.testing.assert_close(gradient, ours * (inner - (inner * ours).sum()))


def test_half_precision_is_computed_in_single():
    assert boosting_losses(OWN.half(), REST.half(), LABEL).dtype == torch.float32


@pytest.mark.parametrize('boosting, correction, expected', [
    (2, 1, [0, 0, 1, 2, 2, 3, 4]), (1, 1, [0, 1, 2, 3, 4, 5, 6]), (2, 0, [0, 0, 2, 2, 4, 4, 6]),
    (0, 3, [-1] * 7)])
def test_phase_numbers(boosting, correction, expected):
    assert [phase_number(epoch, boosting, correction) for epoch in range(7)] == expected


def test_turns_and_the_growing_ensemble():
    a, b, c = names = ('a', 'b', 'c')
    expected = [Phase((a, ), a), Phase((a, )), Phase((a, b), b, a), Phase((a, b)),
                Phase(names, c, b), Phase(names), Phase(names, a, c), Phase(names),
                Phase(names, b, a)]
    assert [phase_of(number, names) for number in range(9)] == expected
    assert phase_of(-1, names) == Phase(names)
    assert phase_of(0, names, pretrained=True) == Phase(names, a)
    assert phase_of(2, names).learners == (b, ) and phase_of(3, names).learners == (a, b)


def test_fused_logits_are_the_scaled_sum_of_one_classifier():
    torch.manual_seed(0)
    fusion = SharedSumFusion(dict(u=2, v=2), num_classes=3, hidden=[4])
    with torch.no_grad():
        fusion.scale.fill_(.7)
    features = dict(u=torch.randn(5, 2), v=torch.randn(5, 2))
    present = dict(u=torch.ones(5).bool(), v=torch.tensor([True, False, True, True, False]))
    split = fusion.split_logits(features, None)
    torch.testing.assert_close(split['v'], fusion.classifier(features['v']))
    torch.testing.assert_close(fusion(features), .7 * (split['u'] + split['v']))
    alone = fusion(features, present)
    torch.testing.assert_close(alone[1], .7 * split['u'][1])
    torch.testing.assert_close(alone[0], .7 * (split['u'] + split['v'])[0])
    combined = fusion.combine(dict(a=torch.tensor([1., 0, -1]), b=torch.tensor([.5, .2, 0])))
    torch.testing.assert_close(combined, torch.tensor([1.05, .14, -.7]))


def arguments(modalities=NAMES, **options):
    return {**shared_sum(model_config(modalities=modalities)), 'type': 'ReconBoostClassifier',
            'boosting_epochs': 1, 'correction_epochs': 1, **options}


@pytest.fixture
def at_epoch():
    """Say which epoch it is, outside of a Runner."""
    hub = MessageHub.get_instance('reconboost')
    yield lambda epoch: hub.update_info('epoch', epoch)
    MessageHub._instance_dict.pop('reconboost')


def make(**options):
    torch.manual_seed(0)
    return MODELS.build(arguments(**options))


def moved_by_a_step(model, optimizer=None):
    """Take a step; name the parts whose parameters or running statistics moved."""
    before = copy.deepcopy(model.state_dict())
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=.1, momentum=.9,
                                             weight_decay=.1)
    log = model.train_step(a_batch(), OptimWrapper(optimizer))
    moved = {name for name, value in model.state_dict().items()
             if name != 'phase' and not torch.equal(value, before[name])}
    return {'.'.join(name.split('.')[:2]) for name in moved}, log


CLASSIFIER = 'fusion.classifier'
LEARNERS = [
    (0, {'encoders.rgb', CLASSIFIER}, 'loss_rgb'),
    (1, {'encoders.rgb', CLASSIFIER, 'fusion.scale'}, 'loss_fused'),
    (2, {'encoders.flow', CLASSIFIER}, 'loss_flow'),
    (3, {'encoders.rgb', 'encoders.flow', CLASSIFIER, 'fusion.scale'}, 'loss_fused'),
    (4, {'encoders.depth', CLASSIFIER}, 'loss_depth'),
    (5, {f'encoders.{name}' for name in NAMES} | {CLASSIFIER, 'fusion.scale'}, 'loss_fused'),
    (6, {'encoders.rgb', CLASSIFIER}, 'loss_rgb')]


@pytest.mark.parametrize('epoch, expected, term', LEARNERS)
def test_only_those_whose_turn_it_is_move(at_epoch, epoch, expected, term):
    """Not by momentum, not by weight decay, and not in their running statistics."""
    at_epoch(epoch)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=.1, momentum=.9, weight_decay=.1)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    optimizer.zero_grad()
    moved, log = moved_by_a_step(model, optimizer)
    assert moved == expected
    assert set(log) == {'loss', term}
    assert model.encoders['flow'].layers[1].training


def test_officially_the_statistics_of_the_others_move(at_epoch):
    at_epoch(0)
    model = make(official=True)
    before = copy.deepcopy(model.encoders['flow'].state_dict())
    moved_by_a_step(model)
    after = model.encoders['flow'].state_dict()
    assert {name for name, value in after.items() if not torch.equal(value, before[name])} == {
        'layers.1.running_mean', 'layers.1.running_var', 'layers.1.num_batches_tracked'}


def test_a_boosting_step_weighs_samples_by_the_rest_of_the_ensemble(at_epoch):
    at_epoch(8)  # the second turn of flow
    model = make(agreement=.5)
    for encoder in model.encoders.values():
        encoder.layers[3].p = 0.0
    with torch.no_grad():
        model.fusion.scale.fill_(2.)
    features = {}
    data = model.data_preprocessor(a_batch(), True)
    for name, x in data['inputs'].items():
        encoder = copy.deepcopy(model.encoders[name]).train(name == 'flow')
        features[name] = encoder(x)
    o = {name: model.fusion.classifier(z) for name, z in features.items()}
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    rest = (2 * (o['rgb'] + o['depth'])).softmax(1)[range(6), labels]
    log_p = o['flow'].log_softmax(1)[range(6), labels]
    expected = (-(5 - rest) * log_p / 3).mean()
    agreement = .5 * (o['flow'].softmax(1) - o['rgb'].softmax(1)).square().mean()
    log = model.train_step(a_batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=.1)))
    torch.testing.assert_close(log['loss_flow'], expected.detach())
    torch.testing.assert_close(log['loss_agreement'], agreement.detach())


def test_samples_without_the_learner_are_left_out(at_epoch):
    at_epoch(2)
    model = make(agreement=1.)
    model.train()
    batch = a_batch()
    batch['data_samples'][0].set_metainfo(dict(absent=('flow', )))
    batch['data_samples'][1].set_metainfo(dict(absent=('rgb', )))
    seen = []
    model.register_loss_hook(lambda losses, outputs: seen.append(outputs.logits) or losses)
    log = model.train_step(batch, OptimWrapper(torch.optim.SGD(model.parameters(), lr=.1)))
    own, rgb = seen[0]['flow'].detach(), seen[0]['rgb']
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    rest = rgb.clone()
    rest[1] = 0  # nobody is left, who would say nothing
    torch.testing.assert_close(log['loss_flow'], boosting_losses(own, rest, labels)[1:].mean())
    torch.testing.assert_close(log['loss_agreement'], agreement_losses(own, rgb)[2:].mean())


def test_prediction_is_that_of_the_ensemble(at_epoch):
    model = make()
    everyone = model.val_step(a_batch())[0].pred_scores.fused
    at_epoch(1)
    moved_by_a_step(model)
    model.eval()
    score = model.val_step(a_batch())[0].pred_scores
    torch.testing.assert_close(score.fused, (model.fusion.scale * score.rgb.log()).softmax(0))
    assert not torch.allclose(score.fused, everyone)
    loaded = make()
    loaded.load_state_dict(model.state_dict())
    assert torch.equal(loaded.eval().val_step(a_batch())[0].pred_scores.fused, score.fused)


def test_each_phase_begins_without_memory(at_epoch):
    model = make(boosting_epochs=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=.1, momentum=.9)
    remembered = []
    for epoch in range(4):
        at_epoch(epoch)
        for _ in range(2):
            model.train_step(a_batch(), OptimWrapper(optimizer))
            remembered.append({name for name, p in model.named_parameters()
                               if optimizer.state[p].get('momentum_buffer') is not None})
    phases = [remembered[0:4], remembered[4:6], remembered[6:8]]
    for phase in phases:
        assert all(names == phase[0] for names in phase)
    assert all(n.startswith(('encoders.rgb', 'fusion.classifier')) for n in phases[0][0])
    assert 'fusion.scale' in phases[1][0]
    assert all(n.startswith(('encoders.flow', 'fusion.classifier')) for n in phases[2][0])


def test_a_new_phase_steps_as_a_new_optimizer_does(at_epoch):
    at_epoch(0)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=.1, momentum=.9)
    for _ in range(3):
        model.train_step(a_batch(), OptimWrapper(optimizer))
    at_epoch(1)
    twin = copy.deepcopy(model)
    for each, wrapper in ((model, OptimWrapper(optimizer)), (twin, OptimWrapper(
            torch.optim.SGD(twin.parameters(), lr=.1, momentum=.9)))):
        torch.manual_seed(3)
        each.train_step(a_batch(), wrapper)
    for name, value in twin.state_dict().items():
        assert torch.equal(model.state_dict()[name], value)


@pytest.mark.parametrize('modalities', [('rgb', 'flow'), NAMES], ids=len)
@pytest.mark.parametrize('hook', [BSS_L, BSS_H], ids=['bss_l', 'bss_h'])
def test_without_boosting_it_is_plain_training(tmp_path, modalities, hook):
    options = dict(first=hook, epochs=3, modalities=modalities, optim_wrapper=MOMENTUM)
    plain = shared_sum(model_config(modalities=modalities))
    ours, order = run(config(tmp_path, **options, model=arguments(modalities, boosting_epochs=0)))
    theirs, same_order = run(config(tmp_path / 'plain', **options, model=plain))
    assert isinstance(ours.model, ReconBoostClassifier)
    ours.model.phase = None  # the only entry that the plain model lacks
    assert same_weights(ours, theirs) and order == same_order
    boosted, _ = run(config(tmp_path / 'boosted', **options, model=arguments(modalities)))
    boosted.model.phase = None
    assert not same_weights(boosted, theirs)


@pytest.mark.parametrize('hook', [BSS_L, BSS_H], ids=['bss_l', 'bss_h'])
def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, hook):
    """Resumed within a phase, at its last step and at its first ones."""
    every = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
    options = dict(first=hook, epochs=5, default_hooks=every,
                   model=arguments(boosting_epochs=2, agreement=.5), optim_wrapper=MOMENTUM)
    whole, batches = run(config(tmp_path, **options))
    ends = [i for i in range(1, len(batches)) if batches[i - 1][0] != batches[i][0]]
    for cut in {ends[0], ends[1] - 1, ends[1], ends[1] + 1, ends[2]}:
        resumed, rest = run(config(tmp_path / f'cut{cut}', **options, resume=True,
                                   load_from=str(tmp_path / f'iter_{cut}.pth')))
        assert rest == batches[cut:]
        assert same_weights(resumed, whole), cut


def test_scaled_losses_give_the_same_weights(tmp_path):
    options = dict(epochs=4, model=arguments())
    plain, _ = run(config(tmp_path, **options))
    scaled, _ = run(config(tmp_path / 'scaled', **options, optim_wrapper=dict(
        type='ScalingOptimWrapper', optimizer=dict(type='SGD', lr=0.05))))
    assert same_weights(plain, scaled)


@pytest.mark.parametrize('wrong, error, sentence', [
    (dict(boosting_epochs=0, correction_epochs=0), ValueError,
     'must be 0 or more, and one of them at least 1, but got 0 and 0'),
    (dict(correction_epochs=-1), ValueError, 'but got 1 and -1'),
    (dict(weights=(1, 2)), ValueError, r'two numbers w1 >= w2 >= 0, .* but got \(1, 2\)'),
    (dict(agreement=-.5), ValueError, '`agreement` must not be negative, but got -0.5'),
    (dict(fusion=dict(type='SumFusion', in_channels=dict.fromkeys(NAMES, 4), num_classes=3)),
     TypeError, 'must be a SharedSumFusion, but got a SumFusion: its modalities share'),
    (dict(head=dict(type='JointHead', num_classes=3, in_channels=dict.fromkeys(NAMES, 4),
                    fused_channels=None)), ValueError,
     'must have no parameters, but got a JointHead that has some: use dict')])
def test_refusals(wrong, error, sentence):
    with pytest.raises(error, match=sentence):
        make(**wrong)


def test_fusion_refuses_different_widths():
    with pytest.raises(ValueError, match=r'one width to all modalities, .* but got '
                                         r"\{'u': 2, 'v': 3\}: give the encoders the same"):
        SharedSumFusion(dict(u=2, v=3), num_classes=3)
