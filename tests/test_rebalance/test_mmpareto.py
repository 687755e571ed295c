"""MMPareto: worked numbers, a second implementation, and plain training where nothing conflicts."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS

from projects.bss.rebalance import MMParetoClassifier, pareto_gradient, pareto_weights, restore_norm
from tests.test_rebalance.probes import config, run, same_weights
from tests.toy import BSS_H, BSS_L, WIDTHS, deterministic_model_config, model_config

TABLE = [
    ([1, 0], [0, 1], .5, [1.5, 1.5]),
    ([1, 0], [-1, 1], .6, [.670820, 1.341641]),
    ([2, 0], [-1, 1], .4, [.670820, 2.012461]),
    ([4, 0], [-1, 1], .230769, [.930261, 4.651303]),
    ([1, 1], [2, 0], .5, [4.5, 1.5]),
    ([1, 0], [-1, 0], .5, [0, 0]),
    ([1, 0], [-3, 0], .75, [0, 0]),
    ([0, 0], [2, 4], .5, [3, 6]),
    ([2, 4], [0, 0], .5, [3, 6]),
]


def pair(first, second):
    return torch.tensor(first).float(), torch.tensor(second).float()


@pytest.mark.parametrize('joint, own, weight, expected', TABLE)
def test_worked_numbers(joint, own, weight, expected):
    joint, own = pair(joint, own)
    weights = pareto_weights(joint, own)
    torch.testing.assert_close(weights, torch.tensor([weight, 1 - weight]))
    torch.testing.assert_close(pareto_gradient(joint, own, weights), torch.tensor(expected).float())


@pytest.mark.parametrize('seed', range(5))
def test_a_conflict_ends_in_a_direction_that_harms_neither(seed):
    joint, own = torch.randn(2, 7, generator=torch.Generator().manual_seed(seed))
    own = own - (own.dot(joint) / joint.dot(joint) + seed / 4) * joint
    weights = pareto_weights(joint, own)
    combined = pareto_gradient(joint, own, weights, gamma=1)
    torch.testing.assert_close(combined.dot(joint), combined.dot(own))
    assert combined.dot(joint) > 0
    assert combined.norm() >= (joint + own).norm() * (1 - 1e-6)
    swapped = pareto_gradient(own, joint, pareto_weights(own, joint), gamma=1)
    torch.testing.assert_close(swapped, combined)
    torch.testing.assert_close(pareto_gradient(1024 * joint, 1024 * own, weights, gamma=1),
                               1024 * combined)


def test_nearly_opposite_gradients_are_not_blown_up_from_rounding_errors():
    joint = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    own = -3.7 * joint
    assert pareto_gradient(joint, own, pareto_weights(joint, own)).abs().max() == 0


def test_norms_of_parts_are_restored_one_by_one():
    joint, own = pair([1, 0, 2, 2], [-1, 1, -2, 1])
    weights = pareto_weights(joint, own)
    combined = 2 * weights[0] * joint + 2 * weights[1] * own
    parts = [restore_norm(part, plain) for part, plain in zip(combined.split([3, 1]),
                                                              (joint + own).split([3, 1]))]
    found = pareto_gradient(joint, own, weights, 2, sizes=[3, 1])
    torch.testing.assert_close(found, 2 * torch.cat(parts))
    assert not torch.allclose(found, pareto_gradient(joint, own, weights, 2))


@pytest.mark.parametrize('combined, plain, expected', [
    ([3, 4], [0, 10], [6, 8]), ([3, 4], [0, 1], [3, 4]), ([0, 0], [1, 1], [0, 0])])
def test_restore_norm(combined, plain, expected):
    combined, plain = pair(combined, plain)
    torch.testing.assert_close(restore_norm(combined, plain), torch.tensor(expected).float())


def test_an_overflow_stays_one_for_the_loss_scaler_to_see():
    joint, own = pair([torch.inf, 1], [-1, -1])
    assert not pareto_gradient(joint, own, pareto_weights(joint, own)).isfinite().all()


def arguments(modalities=tuple(WIDTHS), made=None, **options):
    """The toy model as MMParetoClassifier, all losses with weight 1."""
    made = model_config(modalities=modalities) if made is None else made
    head = dict(made['head'], loss_weights=dict.fromkeys((*modalities, 'fused'), 1.0),
                inference_streams=['fused'])
    return {**made, 'type': 'MMParetoClassifier', 'head': head, **options}


def make(**options):
    torch.manual_seed(0)
    return MODELS.build(arguments(made=deterministic_model_config(), **options))


def a_batch(size=6):
    generator = torch.Generator().manual_seed(1)
    return pseudo_collate([
        dict(inputs={name: torch.randn(width, generator=generator)
                     for name, width in WIDTHS.items()},
             data_samples=ActionDataSample().set_gt_labels(i % 3)) for i in range(size)])


def conflicting(model):
    """Let the own classifier of rgb want the opposite of what the fused one wants."""
    with torch.no_grad():
        fused = model.head.classifiers['fused'].weight[:, :4]
        model.head.classifiers['rgb'].weight.copy_(-2 * fused)
    return model


def expected_gradients(model, norm, gamma):
    """A second implementation, parameter by parameter, with the joint loss alone as the first."""
    losses = model(**model.data_preprocessor(a_batch(), True), mode='loss')
    names, parameters = zip(*model.named_parameters())
    found = dict(zip(names, torch.autograd.grad(sum(losses.values()), parameters,
                                                retain_graph=True)))
    weights = {}
    for modality in model.modalities:
        keys = [name for name in names if name.startswith(f'encoders.{modality}.')]
        mine = [model.get_parameter(name) for name in keys]
        g1 = torch.autograd.grad(losses['loss_fused'], mine, retain_graph=True)
        g2 = torch.autograd.grad(losses[f'loss_{modality}'], mine, retain_graph=True)
        dot = sum((a * b).sum() for a, b in zip(g1, g2))
        n1, n2 = (sum((a * a).sum() for a in g) for g in (g1, g2))
        k = 0.5 if dot > 0 else float((n2 - dot) / (n1 + n2 - 2 * dot))
        weights[modality] = k
        h = [2 * k * a + 2 * (1 - k) * b for a, b in zip(g1, g2)]
        groups = [[i] for i in range(len(keys))] if norm == 'tensor' else [range(len(keys))]
        for group in groups:
            before = sum((g1[i] + g2[i]).square().sum() for i in group).sqrt()
            after = sum(h[i].square().sum() for i in group).sqrt()
            for i in group:
                found[keys[i]] = gamma * h[i] * max(1.0, float(before / after))
    return found, weights


@pytest.mark.parametrize('norm', ['encoder', 'tensor'])
def test_a_step_against_a_second_implementation(norm):
    model = conflicting(make(norm=norm, gamma=1.3))
    before = copy.deepcopy(model.state_dict())
    gradients, weights = expected_gradients(model, norm, 1.3)
    assert weights['rgb'] != 0.5 and 0.5 in weights.values()

    log = model.train_step(a_batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0)))
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(before[name] - parameter, gradients[name], rtol=1e-4, atol=1e-6)
        assert parameter.grad is None
    for name, weight in weights.items():
        torch.testing.assert_close(log[f'kappa_{name}'], torch.tensor(weight))
    losses = sum(value for key, value in log.items() if key.startswith('loss_'))
    torch.testing.assert_close(log['loss'], losses)


def test_added_loss_terms_belong_to_the_joint_task():
    ends = []
    for factor in (0.0, 3.0):
        model = conflicting(make())
        model.register_loss_hook(lambda losses, outputs, factor=factor: dict(
            losses, loss_added=factor * outputs.features['rgb'].square().mean()))
        log = model.train_step(a_batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.)))
        ends.append((log['kappa_rgb'], model.get_parameter('encoders.rgb.0.weight').detach()))
    assert ends[0][0] != ends[1][0]
    assert not torch.equal(ends[0][1], ends[1][1])


def test_a_frozen_encoder_stays_and_the_others_learn():
    model = make()
    model.encoders['rgb'].requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    log = model.train_step(a_batch(), OptimWrapper(torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad], lr=0.1)))
    moved = {name for name, value in model.state_dict().items()
             if not torch.equal(value, before[name])}
    assert not any(name.startswith('encoders.rgb') for name in moved)
    assert any(name.startswith('encoders.flow') for name in moved)
    assert 'kappa_rgb' not in log and 'kappa_flow' in log


def test_an_absent_modality_leaves_the_plain_gradient():
    model, plain = make(gamma=1.0), make(gamma=1.0)
    batch = a_batch()
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(absent=('flow', )))
    log = model.train_step(batch, OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    assert log['kappa_flow'] == 0.5
    for name, parameter in plain.encoders['flow'].named_parameters():
        assert torch.equal(model.encoders['flow'].get_parameter(name), parameter)


@pytest.mark.parametrize('modalities', [('rgb', 'flow'), tuple(WIDTHS)], ids=len)
@pytest.mark.parametrize('hook', [BSS_L, BSS_H], ids=['bss_l', 'bss_h'])
def test_without_conflicts_and_gamma_1_it_is_plain_training(tmp_path, modalities, hook):
    """Losses of weight 0 conflict with nothing."""
    made = arguments(modalities, gamma=1.0)
    made['head'] = dict(made['head'], loss_weights={**dict.fromkeys(modalities, 0.0), 'fused': 1.0})
    plain = {key: value for key, value in made.items() if key != 'gamma'}
    options = dict(first=hook, epochs=3, modalities=modalities,
                   optim_wrapper=dict(optimizer=dict(type='SGD', lr=.05, momentum=.9,
                                                     weight_decay=.01)))
    ours, order = run(config(tmp_path, **options, model=made))
    theirs, same_order = run(config(tmp_path / 'plain', **options,
                                    model=dict(plain, type='MultiModalClassifier')))
    assert isinstance(ours.model, MMParetoClassifier)
    assert same_weights(ours, theirs) and order == same_order
    stronger, _ = run(config(tmp_path / 'gamma', **options, model=dict(made, gamma=1.5)))
    assert not same_weights(stronger, theirs)


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path):
    every = dict(checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False))
    options = dict(first=BSS_L, epochs=2, default_hooks=every, model=arguments())
    whole, _ = run(config(tmp_path, **options))
    resumed, _ = run(config(tmp_path / 'resumed', **options, resume=True,
                            load_from=str(tmp_path / 'iter_9.pth')))
    assert same_weights(resumed, whole)


def test_scaled_losses_give_the_same_weights(tmp_path):
    plain, _ = run(config(tmp_path, model=arguments()))
    scaled, _ = run(config(tmp_path / 'scaled', model=arguments(), optim_wrapper=dict(
        type='ScalingOptimWrapper', optimizer=dict(type='SGD', lr=0.05))))
    for name, value in plain.model.state_dict().items():
        torch.testing.assert_close(scaled.model.state_dict()[name], value)


def test_modalities_in_another_order_learn_the_same():
    ends = []
    for names in (list(WIDTHS), list(reversed(WIDTHS))):
        model = conflicting(make())
        twin = MODELS.build(arguments(made={
            **deterministic_model_config(),
            'encoders': {n: deterministic_model_config()['encoders'][n] for n in names}}))
        twin.load_state_dict(model.state_dict())
        twin.train_step(a_batch(), OptimWrapper(torch.optim.SGD(twin.parameters(), lr=0.1)))
        ends.append(twin.state_dict())
    for name, value in ends[0].items():
        torch.testing.assert_close(ends[1][name], value)


@pytest.mark.parametrize('wrong, sentence', [
    (dict(gamma=0), '`gamma` must be positive, but got 0: it multiplies the gradients'),
    (dict(norm='layer'), r"`norm` must be one of \('encoder', 'tensor'\), but got 'layer'"),
    (dict(head=dict(type='SplitHead', num_classes=3, fused_channels=12)),
     r"the head trains none of \['rgb', 'flow', 'depth'\]: use a JointHead")])
def test_refusals(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        MODELS.build({**arguments(), **wrong})
