"""MLA: the published numbers, a step against loops, and real runs."""
import pytest
import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS
from torch import nn

from projects.bss.rebalance import (SharedEntropyFusion, certainty_weights, project_gradient,
                                    update_projection_root)
from tests.test_rebalance.probes import ScalingOptimWrapper, config, run, same_weights
from tests.toy import BSS_L, CLASSES, WIDTHS, model_config

TWO, THREE = ('rgb', 'flow'), ('rgb', 'flow', 'depth')
MEAN = torch.tensor([1., 2.])
GRADIENT = torch.tensor([[1., 0], [0, 1], [-1, -1]])


def close(made, wanted, **tolerance):
    torch.testing.assert_close(made, torch.tensor(wanted), **(tolerance or dict(atol=2e-6, rtol=0)))


class TestProjection:

    def test_worked_example(self):
        root = update_projection_root(torch.eye(2), MEAN, .1)
        close(root @ root.T, [[.803922, -.392157], [-.392157, .215686]])
        close(root @ root.T @ MEAN, [.019608, .039216])
        projected = project_gradient(GRADIENT, root)
        close(projected, [[.803922, -.392157], [-.392157, .215686], [-.411765, .176471]])
        close(projected @ MEAN, [.019608, .039216, -.058824])

    def test_many_updates_against_the_paper_and_the_closed_form(self):
        torch.manual_seed(0)
        root = plain = torch.eye(5, dtype=torch.float64)
        information = torch.eye(5, dtype=torch.float64)
        for mean in torch.randn(7, 5, dtype=torch.float64):
            root = update_projection_root(root, mean, .3)
            along = plain @ mean
            plain = plain - torch.outer(along, mean @ plain) / (.3 + mean @ along)
            information += torch.outer(mean, mean) / .3
        torch.testing.assert_close(root @ root.T, plain)
        torch.testing.assert_close(plain, information.inverse())

    def test_thousands_of_large_features_leave_a_projection(self):
        """The difference of the paper gets a denominator below zero here, in single precision."""
        torch.manual_seed(0)
        root, centre = torch.eye(16), 70 * torch.rand(16)
        for _ in range(3000):
            mean = centre * (1 + .1 * torch.randn(())) + .01 * torch.randn(16)
            root = update_projection_root(root, mean, .1)
        values = torch.linalg.eigvalsh((root @ root.T).double())
        assert values.min() > -1e-9 and .01 < values.max() <= 1

    def test_an_infinite_alpha_is_no_projection(self):
        torch.testing.assert_close(update_projection_root(torch.eye(2), MEAN, 1e9), torch.eye(2))


class TestFusion:
    LOGITS = dict(audio=torch.tensor([[2., 0, 0], [0, 1, 0]]),
                  video=torch.tensor([[.5, .4, .3], [0, 0, 2]]))

    def test_worked_example(self):
        weights = certainty_weights(self.LOGITS)
        close(weights['audio'], [.605806, .423175])
        close(weights['video'], [.394194, .576825])

    def test_permutation_and_half_precision(self):
        turned = dict(reversed(self.LOGITS.items()))
        for name, weight in certainty_weights(turned).items():
            assert torch.equal(weight, certainty_weights(self.LOGITS)[name])
        half = {name: rows.half() for name, rows in self.LOGITS.items()}
        assert certainty_weights(half)['audio'].dtype == torch.float32

    def test_absent_modalities_have_no_weight(self):
        present = dict(audio=torch.tensor([True, False]), video=torch.tensor([False, False]))
        weights = certainty_weights(self.LOGITS, present)
        assert weights['audio'].tolist() == [1, 0] and weights['video'].tolist() == [0, 0]

    def made(self, **options):
        fusion = SharedEntropyFusion(dict(audio=3, video=3), 3, **options)
        nn.init.eye_(fusion.shared_layer.weight)
        nn.init.zeros_(fusion.shared_layer.bias)
        return fusion

    def test_fused_logits(self):
        close(self.made()(self.LOGITS)[0].detach(), [1.408708, .157678, .118258])
        assert sorted(self.made().state_dict()) == ['classifier.0.bias', 'classifier.0.weight']

    def test_a_sample_does_not_depend_on_its_batch(self):
        single = self.made()({name: rows[:1] for name, rows in self.LOGITS.items()})
        torch.testing.assert_close(single, self.made()(self.LOGITS)[:1])

    def test_fixed_weights(self):
        fusion = self.made(weights=dict(audio=.55, video=.45))
        close(fusion(self.LOGITS).detach(), [[1.325, .18, .135], [0, .55, .9]])
        present = dict(audio=torch.tensor([True, False]), video=torch.tensor([True, True]))
        close(fusion(self.LOGITS, present).detach(), [[1.325, .18, .135], [0, 0, 2]])

    def test_wrong_weights(self):
        for wrong in (dict(audio=1.), dict(audio=1., video=0.)):
            with pytest.raises(ValueError, match='`weights` must give a positive number to each '
                                                 r"of the modalities \['audio', 'video'\]"):
                self.made(weights=wrong)


def mla(modalities=THREE, encoder='ToyEncoder', **options):
    made = model_config(modalities=modalities)
    if encoder == 'MLPEncoder':
        made['encoders'] = {name: dict(type=encoder, in_channels=WIDTHS[name], hidden=[8],
                                       out_channels=4) for name in modalities}
    made['fusion'] = dict(type='SharedEntropyFusion', num_classes=CLASSES,
                          in_channels=made['fusion']['in_channels'])
    made['head'] = dict(type='SplitHead', num_classes=CLASSES, fused_channels=None,
                        loss_weights={name: 1. for name in modalities})
    return {**made, 'type': 'MLAClassifier', **options}


def batches(count=3, modalities=THREE, absent=()):
    generator = torch.Generator().manual_seed(1)
    for _ in range(count):
        samples = [ActionDataSample().set_gt_labels(label) for label in (0, 1, 2, 1)]
        for sample in samples:
            sample.set_metainfo(dict(absent=absent))
        yield dict(inputs={name: list(torch.randn(4, WIDTHS[name], generator=generator))
                           for name in modalities}, data_samples=samples)


def optimiser(model, kind=OptimWrapper):
    return kind(torch.optim.SGD(model.parameters(), lr=.1, momentum=.9, weight_decay=.01))


def trained(model, kind=OptimWrapper, steps=3, **options):
    """Train a model built from its config on a few batches."""
    torch.manual_seed(0)
    model = MODELS.build(model)
    wrapper = optimiser(model, kind)
    logs = [model.train_step(batch, wrapper)
            for batch in batches(steps, model.modalities, **options)]
    return model, logs


def train_by_loops(made, alpha):
    """The algorithm, with the projection of the paper, on autograd and one optimiser alone."""
    torch.manual_seed(0)
    model = MODELS.build(made)
    layer = model.fusion.shared_layer
    projection, sgd = torch.eye(4), optimiser(model).optimizer
    for batch in batches():
        labels = torch.tensor([0, 1, 2, 1])
        features = {name: model.encoders[name](torch.stack(batch['inputs'][name]))
                    for name in model.modalities}
        for name, z in features.items():
            sgd.zero_grad()
            F.cross_entropy(layer(z), labels).backward()
            layer.weight.grad = layer.weight.grad @ projection
            sgd.step()
            if alpha is not None:
                mean = z.detach().mean(0)
                along = projection @ mean
                projection = projection - torch.outer(along, mean @ projection) / (
                    alpha + mean @ along)
    return model, projection


def test_against_loops():
    made = mla(encoder='MLPEncoder', alpha=.5)
    wanted, projection = train_by_loops(made, .5)
    model, logs = trained(made)
    for name, value in wanted.named_parameters():
        torch.testing.assert_close(model.get_parameter(name), value)
    torch.testing.assert_close(model.projection_root @ model.projection_root.T, projection)
    assert model.batches == 3 and not model._encoded
    assert list(logs[0]) == ['loss', *(f'loss_{name}' for name in THREE)]
    assert logs[0]['loss'].item() == pytest.approx(
        sum(logs[0][f'loss_{name}'].item() for name in THREE))


def test_without_projection_it_is_plain_alternation_bit_for_bit():
    made = mla(encoder='MLPEncoder', projection=False)
    wanted, _ = train_by_loops(made, None)
    model, _ = trained(made)
    assert 'projection_root' not in model.state_dict()
    for name, value in wanted.named_parameters():
        assert torch.equal(model.get_parameter(name), value), name


def test_a_large_alpha_is_no_projection():
    model, _ = trained(mla(alpha=1e9))
    plain, _ = trained(mla(projection=False))
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(model.state_dict()[name], value)


def test_alone_with_one_modality_it_is_plain_training():
    """Bit for bit, dropout and statistics included; the others are absent and rest."""
    made = mla(projection=False)
    model, logs = trained(made, absent=('flow', 'depth'))
    torch.manual_seed(0)
    plain = MODELS.build({**{k: v for k, v in made.items() if k != 'projection'},
                          'type': 'MultiModalClassifier'})
    resting = [p for name in ('flow', 'depth') for p in plain.modality_parameters(name)]
    for parameter in resting:
        parameter.requires_grad = False
    wrapper = optimiser(plain)
    for batch in batches(absent=('flow', 'depth')):
        plain.train_step(batch, wrapper)
    assert all(torch.equal(model.state_dict()[k], v) for k, v in plain.state_dict().items())
    assert logs[0]['loss_flow'] == 0 < logs[0]['loss_rgb']


def test_absent_modalities_leave_no_trace_in_the_projection():
    model, _ = trained(mla(alpha=.5), absent=('rgb', 'flow'), steps=1)
    generator = torch.Generator().manual_seed(7)
    for batch in batches(1, absent=('rgb', 'flow')):
        for vector in batch['inputs']['rgb']:
            vector.copy_(torch.randn(vector.shape, generator=generator) * float('nan'))
        torch.manual_seed(0)
        other = MODELS.build(mla(alpha=.5))
        other.train_step(batch, optimiser(other))
    assert torch.equal(model.projection_root, other.projection_root)
    assert torch.equal(model.fusion.shared_layer.weight, other.fusion.shared_layer.weight)


def test_alpha_falls_within_its_period():
    model = MODELS.build(mla(alpha_period=100))
    for batch, wanted in ((0, .1), (50, .031623), (99, .010233), (100, .1)):
        model.batches.fill_(batch)
        assert model.current_alpha.item() == pytest.approx(wanted, abs=1e-6)
    assert MODELS.build(mla(alpha=.7)).current_alpha.item() == pytest.approx(.7)


def test_normalised_projection():
    model, _ = trained(mla(normalise=True))
    assert (model.projection_root @ model.projection_root.T).norm().item() == pytest.approx(1)


def test_scaled_losses_change_no_bit():
    plain, scaled = trained(mla())[0], trained(mla(), ScalingOptimWrapper)[0]
    for name, value in plain.state_dict().items():
        assert torch.equal(scaled.state_dict()[name], value), name


@pytest.mark.parametrize('cut', [5, 7])
@pytest.mark.parametrize('modalities', [TWO, THREE])
def test_resumed_equals_uninterrupted(tmp_path, cut, modalities):
    saving = dict(checkpoint=dict(type='CheckpointHook', interval=cut, by_epoch=False))
    bss = BSS_L if cut == 5 else {**BSS_L, 'source': 'train'}
    options = dict(first=bss, epochs=2, modalities=modalities,
                   model=mla(modalities, alpha_period=7))
    whole, _ = run(config(tmp_path, default_hooks=saving, **options))
    resumed, _ = run(config(tmp_path / 'resumed', resume=True,
                            load_from=str(tmp_path / f'iter_{cut}.pth'), **options))
    assert same_weights(whole, resumed)
    assert whole.model.batches == 14


@pytest.mark.parametrize('options, error, message', [
    (dict(alpha=0), ValueError, '`alpha` must be positive, but got 0: the larger it is, the less'),
    (dict(alpha_period=0), ValueError, '`alpha_period` must be at least 1 batch, but got 0'),
    (dict(fusion=dict(type='SharedSumFusion', in_channels=dict.fromkeys(THREE, 4),
                      num_classes=CLASSES)), TypeError,
     'must be a SharedEntropyFusion, but got a SharedSumFusion: its modalities share one'),
    (dict(fusion=dict(type='SharedEntropyFusion', in_channels=dict(rgb=4, flow=3, depth=4),
                      num_classes=CLASSES)), ValueError,
     'must give one width to all modalities, because they share a classifier'),
    (dict(head=dict(type='SplitHead', num_classes=CLASSES, fused_channels=None)), ValueError,
     r"must name each of the modalities \['rgb', 'flow', 'depth'\] and nothing else, but names "
     r"\['fused'\]"),
    (dict(head=dict(type='JointHead', num_classes=CLASSES, in_channels=dict.fromkeys(THREE, 4),
                    fused_channels=None)), ValueError,
     '`head` of MLAClassifier must have no parameters, but got a JointHead that has some')])
def test_wrong_arguments(options, error, message):
    with pytest.raises(error, match=message):
        MODELS.build(mla(**options))
