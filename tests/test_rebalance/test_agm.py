"""AGM: the published numbers, gradients against loops, and real runs."""
import math
from itertools import permutations

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.registry import HOOKS, MODELS
from torch import nn

from projects.bss.functional import shapley_values
from projects.bss.models.base import pool_features
from projects.bss.rebalance import (AGMClipHook, agm_coefficients, clip_factor, clipped_losses,
                                    discrepancy_ratios, scale_parts)
from tests.test_rebalance.probes import config, hook_of, run, same_weights
from tests.toy import BSS_L, CLASSES, WIDTHS, model_config

TWO, THREE = ('rgb', 'flow'), ('rgb', 'flow', 'depth')
SCORES, RUNNING = torch.tensor([.4, .9]), torch.tensor([.6, .8])


def close(made, wanted):
    torch.testing.assert_close(made, torch.tensor(wanted), atol=2e-6, rtol=0)


class TestCoefficients:

    def test_ratios(self):
        close(discrepancy_ratios(SCORES), [1.648721, .606531])
        close(discrepancy_ratios(RUNNING), [1.221403, .818731])
        close(discrepancy_ratios(torch.tensor([.4, .9, 1.4])), [2.117000, 1, .472367])

    @pytest.mark.parametrize('alpha, wanted', [
        (1., [.652256, 1.236395]), (.5, [.807624, 1.111932]), (0., [1., 1.])])
    def test_worked_example(self, alpha, wanted):
        close(agm_coefficients(SCORES, RUNNING, alpha), wanted)

    def test_before_the_first_batch(self):
        close(agm_coefficients(SCORES, torch.zeros(2)), [.522714, 1.482114])

    def test_three(self):
        scores, running = torch.tensor([.4, .9, 1.4]), torch.tensor([.6, .8, 1.2])
        close(discrepancy_ratios(running), [1.491825, 1.105171, .606531])
        made = agm_coefficients(scores, running)
        close(made, [.535168, 1.110900, 1.143580])
        order = torch.tensor([2, 0, 1])
        torch.testing.assert_close(agm_coefficients(scores[order], running[order]), made[order])

    @pytest.mark.parametrize('count, cap, wanted', [(2, None, 10), (3, None, 7), (4, None, 7),
                                                    (3, 2., 2)])
    def test_caps(self, count, cap, wanted):
        running = torch.tensor([0.] + [9.] * (count - 1))
        made = agm_coefficients(running.flip(0), running, .5, cap)
        assert made[0].item() == pytest.approx(math.exp(.5 * wanted))

    def test_scores_are_clipped(self):
        logits = torch.tensor([[0., 0], [30, 0], [0, 3]])
        labels = torch.tensor([0, 1, 1])
        close(clipped_losses(logits, labels), [.693147, 18.420681, .048587])
        assert clipped_losses(logits.half(), labels).dtype == torch.float32


class TestParts:

    def test_shapley_values_of_the_worked_example(self):
        worth = {'a': 1., 'v': .5, 't': .3, 'av': 1.8, 'at': 1.2, 'vt': .9, 'avt': 2.4}
        parts = shapley_values({tuple(s): torch.tensor(v) for s, v in worth.items()})
        assert {n: v.item() for n, v in parts.items()} == pytest.approx(dict(a=1.2, v=.8, t=.4))

    def test_gradient_identity(self):
        """Additive scalars: A to its input, a to zero, and so for V."""
        true_a, true_v, zero_a, zero_v = (
            torch.tensor(v, requires_grad=True) for v in (1.3, -.4, .2, .1))
        outputs = {('a', ): true_a + zero_v, ('v', ): zero_a + true_v, ('a', 'v'): true_a + true_v}
        parts = shapley_values(outputs)
        close(parts['a'].detach(), 1.25)
        close(parts['v'].detach(), -.35)
        total = scale_parts(outputs, dict(a=torch.tensor(.7), v=torch.tensor(1.2)))
        assert torch.equal(total, outputs['a', 'v'])
        found = torch.autograd.grad(2 * total, (true_a, true_v, zero_a, zero_v))
        for gradient, wanted in zip(found, (1.4, 2.4, .5, -.5)):
            close(gradient, wanted)

    @pytest.mark.parametrize('names', ['av', 'avt', 'avtx'])
    def test_against_all_orders_of_arrival(self, names):
        torch.manual_seed(0)
        subsets = {frozenset(s[:k]) for s in permutations(names) for k in range(1, len(s) + 1)}
        leaves = {s: torch.randn(5, 3, requires_grad=True) for s in subsets}
        factors = {name: torch.rand(()) + .5 for name in names}
        parts = dict.fromkeys(names, 0)
        orders = list(permutations(names))
        for order in orders:
            for k, name in enumerate(order):
                before = leaves[frozenset(order[:k])] if k else 0
                gain = (leaves[frozenset(order[:k + 1])] - before) / len(orders)
                parts[name] = parts[name] + factors[name] * gain
        upstream = torch.randn(5, 3)
        made = scale_parts(leaves, factors)
        assert torch.equal(made, leaves[frozenset(names)])
        ours = torch.autograd.grad(made, list(leaves.values()), upstream)
        theirs = torch.autograd.grad(sum(parts.values()), list(leaves.values()), upstream)
        for first, second in zip(ours, theirs):
            torch.testing.assert_close(first, second)

    @pytest.mark.parametrize('count', range(2, 8))
    def test_factors_of_one_change_no_bit(self, count):
        names = 'abcdefg'[:count]
        outputs = {s: torch.zeros(2, requires_grad=True)
                   for s in {tuple(names[i] for i in range(count) if mask >> i & 1)
                             for mask in range(1, 2**count)}}
        upstream = torch.tensor([.1, -1 / 3])
        made = scale_parts(outputs, dict.fromkeys(names, torch.tensor(1.)))
        found = torch.autograd.grad(made, list(outputs.values()), upstream)
        for subset, gradient in zip(outputs, found):
            assert torch.equal(gradient, upstream if len(subset) == count else 0 * upstream)


def agm(modalities=THREE, head=None, **options):
    made = model_config(modalities=modalities)
    made['head'] = head or dict(type='SplitHead', num_classes=CLASSES,
                                fused_channels=4 * len(modalities))
    return {**made, 'type': 'AGMClassifier', **options}


def plain_of(made):
    options = ('alpha', 'begin', 'end', 'cap')
    return {**{k: v for k, v in made.items() if k not in options}, 'type': 'MultiModalClassifier'}


@pytest.mark.parametrize('modalities', [TWO, THREE])
def test_strength_zero_is_plain_training(tmp_path, modalities):
    def trained(model):
        return run(config(tmp_path, epochs=2, model=model, modalities=modalities))[0]

    zero, full = trained(agm(modalities, alpha=0.)), trained(agm(modalities))
    plain = trained(plain_of(agm(modalities)))
    ours = zero.model.state_dict()
    assert ours.pop('batches') == 14 and ours.pop('running_scores').min() > 0
    theirs = plain.model.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert not all(torch.equal(full.model.state_dict()[name], theirs[name]) for name in ours)
    assert not {f'train/AGMClassifier/{n}' for n in modalities} - set(full.message_hub.log_scalars)


@pytest.mark.parametrize('cut', [5, 7])
@pytest.mark.parametrize('modalities', [TWO, THREE])
def test_resumed_equals_uninterrupted(tmp_path, cut, modalities):
    saving = dict(checkpoint=dict(type='CheckpointHook', interval=cut, by_epoch=False))
    options = dict(first=BSS_L, epochs=2, modalities=modalities, model=agm(modalities))
    whole, _ = run(config(tmp_path, default_hooks=saving, **options))
    resumed, _ = run(config(tmp_path / 'resumed', resume=True,
                            load_from=str(tmp_path / f'iter_{cut}.pth'), **options))
    assert same_weights(whole, resumed)


def test_window_of_epochs(tmp_path):
    runner, _ = run(config(tmp_path, epochs=4, model=agm(begin=1, end=2)))
    assert runner.model.batches == 2 * 7


class Scale(nn.Module):
    """An encoder that answers to zeros, and otherwise in training than in evaluation."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(width, 4)

    def forward(self, x):
        return self.layer(x) * (1. if self.training else .5)


@pytest.fixture
def batch():
    """A model with gradients that can be followed, its inputs, data samples and labels."""
    torch.manual_seed(3)
    MessageHub.get_current_instance().update_info('epoch', 0)
    model = MODELS.build({**agm(), 'encoders': {n: Scale(w) for n, w in WIDTHS.items()}})
    inputs = {name: torch.randn(6, width) for name, width in WIDTHS.items()}
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    return model, inputs, [sample(label) for label in labels], labels


def sample(label, absent=()):
    from mmaction.structures import ActionDataSample
    made = ActionDataSample().set_gt_labels(int(label))
    made.set_metainfo(dict(absent=absent))
    return made


def loop_of_one_step(model, inputs, labels, present=None):
    """Gradients by definition: every part of the prediction times its factor, by formula."""
    fused = {}
    for size in range(1, 4):
        for order in permutations(inputs, size):
            if size == 3:
                model.train()
            else:
                model.eval()
            z = {n: pool_features(model.encoders[n](x if n in order else 0 * x))
                 for n, x in inputs.items()}
            if present is not None:
                z = {n: v * present[n][:, None] for n, v in z.items()}
            fused[frozenset(order)] = model.head.classifier(torch.cat(list(z.values()), dim=1))
    model.train()
    rest = {name: [n for n in inputs if n != name] for name in inputs}
    parts = {}
    for name, (one, two) in rest.items():
        def f(*names):
            return fused[frozenset(names)]
        parts[name] = ((f(name, one, two) - f(one, two) + f(name)) / 3 +
                       (f(name, one) - f(one) + f(name, two) - f(two)) / 6)
    scores = {}
    for name, part in parts.items():
        there = torch.ones(6, dtype=torch.bool) if present is None else present[name]
        probability = part.softmax(1)[range(6), labels]
        scores[name] = -probability.clamp(min=1e-8).log()[there].mean()
    mean = sum(scores.values()) / 3
    factors = {n: torch.exp(min(1 - torch.exp(1.5 * (mean - s)), torch.tensor(7.))).detach()
               for n, s in scores.items()}
    mixed = sum(factors[n] * part for n, part in parts.items())
    whole = fused[frozenset(inputs)]
    upstream = torch.autograd.grad(nn.functional.cross_entropy(whole, labels), whole,
                                   retain_graph=True)[0]
    return torch.autograd.grad(mixed, list(model.parameters()), upstream), scores


@pytest.mark.parametrize('lacking', [False, True])
def test_one_step_against_a_loop(batch, lacking):
    model, inputs, samples, labels = batch
    present = None
    if lacking:
        samples[1].set_metainfo(dict(absent=('flow', )))
        present = {n: torch.ones(6, dtype=torch.bool) for n in inputs}
        present['flow'][1] = False
    model(inputs, samples, mode='loss')['loss_fused'].backward()
    wanted, scores = loop_of_one_step(model, inputs, labels, present)
    for parameter, gradient in zip(model.parameters(), wanted):
        torch.testing.assert_close(parameter.grad, gradient)
    assert model.batches == 1 and model.training
    torch.testing.assert_close(model.running_scores, torch.stack(list(scores.values())))


def test_the_mean_never_forgets(batch):
    model, inputs, samples, _ = batch
    model.running_scores.copy_(torch.tensor([.6, .8, 1.]))
    model.batches.fill_(4)
    model(inputs, samples, mode='loss')
    fifth = 5 * model.running_scores - 4 * torch.tensor([.6, .8, 1.])
    model.running_scores.zero_()
    model.batches.zero_()
    model(inputs, samples, mode='loss')
    torch.testing.assert_close(model.running_scores, fifth)


def test_a_modality_that_no_sample_has_keeps_its_mean(batch):
    model, inputs, samples, _ = batch
    model.running_scores.copy_(torch.tensor([.6, .8, 1.]))
    model.batches.fill_(4)
    for one in samples:
        one.set_metainfo(dict(absent=('flow', )))
    model(inputs, samples, mode='loss')['loss_fused'].backward()
    assert model.running_scores[1] == torch.tensor(.8) and model.running_scores[0] != .6
    assert not model.encoders['flow'].layer.weight.grad.any()


def test_passes_that_do_not_train_are_left_alone(batch):
    model, inputs, samples, _ = batch
    with torch.no_grad():
        model(inputs, samples, mode='loss')
    model(inputs, samples, mode='tensor')
    model.eval()(inputs, samples, mode='loss')
    assert model.batches == 0


def test_mixed_precision(batch):
    model, inputs, samples, _ = batch
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(inputs, samples, mode='loss')
    losses['loss_fused'].backward()
    assert model.running_scores.dtype == torch.float32 and model.batches == 1
    assert all(p.grad.dtype == torch.float32 and p.grad.isfinite().all()
               for p in model.parameters())


def test_heads_of_their_own_keep_their_gradients(batch):
    """Of a joint head only the fused loss is modulated."""
    _, inputs, samples, _ = batch
    head = model_config()['head']
    found = []
    for alpha in (0., 1.):
        torch.manual_seed(3)
        model = MODELS.build({**agm(head=head, alpha=alpha),
                              'encoders': {n: Scale(w) for n, w in WIDTHS.items()}})
        losses = model(inputs, samples, mode='loss')
        sum(losses.values()).backward()
        found.append({n: p.grad for n, p in model.named_parameters()})
    for name in found[0]:
        same = torch.equal(found[0][name], found[1][name])
        assert same == (name.startswith('head.') and '.fused.' not in name), name


def test_accumulated_batches_count_one_by_one(tmp_path):
    made = config(tmp_path, model=agm(), size=12, batch_size=3, optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=.05), accumulative_counts=4))
    runner, _ = run(made)
    assert runner.model.batches == 4


@pytest.mark.parametrize('options, message', [
    (dict(alpha=-1.), '`alpha` must not be negative, but got -1.0: 0 is plain training'),
    (dict(cap=0), '`cap` must be positive, but got 0: leave it at None'),
    (dict(begin=30), 'must be epochs with 0 <= begin <= end, but got 30 and 20'),
    (dict(head=dict(type='SplitHead', num_classes=CLASSES, fused_channels=12,
                    loss_weights=dict(rgb=1.))),
     r"does not train the stream 'fused', only \['rgb'\]: name it in `head.loss_weights`")])
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(agm(**options))


@HOOKS.register_module(force=True)
class GradientNorms(Hook):
    """Write down the norm of the gradient of every step."""

    def __init__(self):
        self.norms = []

    def before_train(self, runner):
        runner.optim_wrapper.optimizer.register_step_pre_hook(lambda *_: self.norms.append(
            nn.utils.get_total_norm([p.grad for p in runner.model.parameters()])))


class TestClipping:
    WEIGHT, BIAS = torch.tensor([[.6, -.9]]), torch.tensor([1.2])

    @pytest.mark.parametrize('scale, wanted', [(1., 1.), (1.2, 1 / (1.2 * 2.61**.5)), (.5, 1.)])
    def test_a_large_element_of_the_classifier_decides(self, scale, wanted):
        gradients = [self.WEIGHT * scale, self.BIAS * scale]
        assert clip_factor(gradients, gradients[:1]).item() == pytest.approx(wanted, rel=1e-5)

    def test_a_small_model_is_not_stretched(self):
        gradients = [torch.tensor([[1.5]])]
        assert clip_factor(gradients, gradients, max_norm=4.).item() == 1

    @pytest.mark.parametrize('threshold, clips', [(0., True), (100., False)])
    def test_in_a_run(self, tmp_path, threshold, clips):
        hook = dict(type='AGMClipHook', max_norm=.01, threshold=threshold)
        made = config(tmp_path, hook, dict(type='GradientNorms'), model=agm(TWO), modalities=TWO)
        runner, _ = run(made)
        factors = runner.message_hub.get_scalar('train/AGMClipHook/factor').data[0]
        norms = [float(n) for n in hook_of(runner, 'GradientNorms').norms]
        assert len(factors) == len(norms) == 7
        assert all((f < 1) == clips for f in factors)
        assert all((n == pytest.approx(.01, rel=1e-3)) == clips for n in norms)

    def test_wrong_arguments(self):
        with pytest.raises(ValueError, match='`max_norm` must be positive and `threshold` not '
                                             'negative, but got 0 and 1.0'):
            AGMClipHook(max_norm=0)
