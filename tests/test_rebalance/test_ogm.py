"""OGM and OGM-GE: the published numbers, and what happens to real gradients."""
import pytest
import torch
from torch import nn

from projects.bss.models.base import BatchOutputs
from projects.bss.rebalance import (OGMHook, modulate_gradient, modulation_coefficients,
                                    true_class_scores)
from tests.test_rebalance.probes import config, run, same_weights, train
from tests.toy import BSS_L, build

LOGITS = dict(audio=torch.tensor([[2., 0, 0], [0, 1, 0]]),
              video=torch.tensor([[.5, 0, 0], [0, 0, 0]]))
LABELS = torch.tensor([0, 1])
TWO = ('rgb', 'flow')


def toy_hook(**options):
    """The encoders of the toy task have linear layers only."""
    return dict(type='OGMHook', min_ndim=2, **options)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class TestScores:

    def test_worked_example(self):
        sums = true_class_scores(LOGITS, LABELS)
        torch.testing.assert_close(sums['audio'], torch.tensor([1.363103, 2.]))
        torch.testing.assert_close(sums['video'], torch.tensor([.785196, 2.]))

    def test_absent_modalities_do_not_score(self):
        present = dict(audio=torch.tensor([True, False]), video=torch.tensor([True, True]))
        sums = true_class_scores(LOGITS, LABELS, present)
        torch.testing.assert_close(sums['audio'], torch.tensor([.786986, 1.]))
        torch.testing.assert_close(sums['video'], torch.tensor([.785196, 2.]))

    def test_half_precision_is_summed_in_single(self):
        half = {name: rows.half() for name, rows in LOGITS.items()}
        for name, sums in true_class_scores(half, LABELS).items():
            torch.testing.assert_close(sums, true_class_scores(LOGITS, LABELS)[name])


class TestCoefficients:

    @pytest.mark.parametrize('alpha, first', [(.8, .117093), (.1, .828123), (0., 1.)])
    def test_worked_example(self, alpha, first):
        made = modulation_coefficients(torch.tensor([1.363103, .785196]), alpha)
        torch.testing.assert_close(made, torch.tensor([first, 1.]), atol=1e-6, rtol=0)

    @pytest.mark.parametrize('scores, alpha, wanted', [
        ((2., 1.), .8, (.078331, 1)), ((2., 1.), .1, (.802625, 1)), ((1., 2.), .1, (1, .802625)),
        ((1., 1.), .8, (.335963, 1)),  # published: at a ratio of 1 the first is slowed down too
        ((6., 3., 1.), .8, (.166345, 1, 1)), ((1., 1., 1.), 1., (1 - .462117, 1, 1)),
        ((0., 0.), .8, (1, 1)), ((3., 0.), .8, (1, 1))])
    def test_numbers(self, scores, alpha, wanted):
        made = modulation_coefficients(torch.tensor(scores), alpha)
        torch.testing.assert_close(made, torch.tensor(wanted, dtype=torch.float32), atol=1e-6,
                                   rtol=0)

    def test_two_modalities_as_in_the_published_code(self):
        for s_a, s_v in torch.rand(50, 2, generator=generator()).tolist():
            ratio = s_v / s_a
            if ratio > 1:
                wanted = [1., 1 - torch.tensor(.5 * ratio).tanh()]
            else:
                wanted = [1 - torch.tensor(.5 / ratio).tanh(), 1.]
            made = modulation_coefficients(torch.tensor([s_a, s_v]), .5)
            torch.testing.assert_close(made, torch.tensor(wanted), atol=1e-6, rtol=0)

    def test_permutation_of_modalities(self):
        scores, order = torch.tensor([.3, 2., 1.2]), torch.tensor([2, 0, 1])
        torch.testing.assert_close(modulation_coefficients(scores[order], .7),
                                   modulation_coefficients(scores, .7)[order])


class TestGradients:

    @pytest.mark.parametrize('shape', [(4, 3), (4, 3, 3), (4, 3, 3, 3), (4, 3, 2, 3, 3)])
    def test_any_rank_is_scaled(self, shape):
        gradient = torch.randn(shape, generator=generator())
        scaled = gradient.clone()
        modulate_gradient(scaled, torch.tensor(.25))
        torch.testing.assert_close(scaled, gradient / 4, rtol=0, atol=0)

    def test_noise_has_the_deviation_of_the_gradient_before_scaling(self):
        gradient = torch.tensor([1., 2., 3., 4.]).repeat(50_000)
        scaled = gradient.clone()
        modulate_gradient(scaled, torch.tensor(.1), generator(), noise=True)
        noise = scaled - .1 * gradient
        assert gradient.std().item() == pytest.approx(1.118037, abs=1e-5)
        assert noise.std().item() == pytest.approx(1.118037, rel=.01)
        assert noise.mean().item() == pytest.approx(0, abs=.01)

    def test_noise_of_four_numbers(self):
        scaled = torch.tensor([1., 2., 3., 4.])
        modulate_gradient(scaled, 1., generator(3), noise=True)
        draws = torch.randn(4, generator=generator(3))
        torch.testing.assert_close(scaled, torch.tensor([1., 2., 3., 4.]) + 1.290994 * draws)

    def test_a_single_number_has_no_deviation(self):
        scaled = torch.tensor([[2.]])
        modulate_gradient(scaled, .5, generator(), noise=True)
        assert scaled.item() == pytest.approx(1., abs=1e-6)


def first_update(folder, **options):
    """What the first step of plain gradient descent adds to each parameter, and the runner."""
    runner, _ = build(config(folder, toy_hook(**options), size=3, modalities=TWO))
    before = {name: value.detach().clone() for name, value in runner.model.named_parameters()}
    train(runner)
    return {name: value.detach() - before[name]
            for name, value in runner.model.named_parameters()}, runner


def coefficients_of(runner):
    return {name: runner.message_hub.get_scalar(f'train/OGMHook/{name}').data[0]
            for name in runner.model.modalities}


def test_only_weights_of_the_dominant_encoder_are_scaled(tmp_path):
    plain, _ = first_update(tmp_path, alpha=0.0)
    scaled, runner = first_update(tmp_path, alpha=0.8)
    factors = {name: values[0] for name, values in coefficients_of(runner).items()}
    assert sorted(factors.values())[0] < .34 and sorted(factors.values())[1] == 1
    for name, update in plain.items():
        modality = next((m for m in TWO if name == f'encoders.{m}.layers.0.weight'), None)
        torch.testing.assert_close(scaled[name], update * factors.get(modality, 1.), atol=1e-7,
                                   rtol=1e-4)


def test_convolutions_alone_are_scaled_by_default(tmp_path):
    runner, _ = build(config(tmp_path))
    runner.model.encoders['rgb'] = nn.Sequential(
        nn.Conv1d(1, 2, 1), nn.Conv2d(2, 3, 1), nn.Conv3d(3, 4, 1), nn.Linear(4, 4))
    hook = OGMHook()
    hook.model = runner.model
    assert [tuple(weight.shape) for weight in hook._weights_of('rgb')] == [(3, 2, 1, 1),
                                                                           (4, 3, 1, 1, 1)]


def test_an_encoder_that_would_be_left_alone_is_refused(tmp_path):
    runner, _ = build(config(tmp_path, dict(type='OGMHook')))
    with pytest.raises(ValueError, match="change nothing in the encoder of 'rgb', because none of "
                                         'its weights has `min_ndim` = 4 dimensions or more; the '
                                         'largest has 2: set min_ndim=2'):
        train(runner)


def test_strength_zero_is_plain_training(tmp_path):
    plain, _ = run(config(tmp_path, epochs=2))
    zero, _ = run(config(tmp_path, toy_hook(alpha=0.0), epochs=2))
    full, _ = run(config(tmp_path, toy_hook(alpha=0.8), epochs=2))
    noisy, _ = run(config(tmp_path, toy_hook(alpha=0.0, noise=True), epochs=2))
    assert same_weights(plain, zero)
    assert not same_weights(plain, full) and not same_weights(plain, noisy)


@pytest.mark.parametrize('cut', [5, 7])
@pytest.mark.parametrize('modalities', [TWO, ('rgb', 'flow', 'depth')])
def test_resumed_equals_uninterrupted(tmp_path, cut, modalities):
    saving = dict(checkpoint=dict(type='CheckpointHook', interval=cut, by_epoch=False))
    options = dict(first=BSS_L, epochs=2, modalities=modalities)
    hook = toy_hook(noise=True, end=0) if cut == 5 else toy_hook(noise=True)
    whole, _ = run(config(tmp_path, hook, default_hooks=saving, **options))
    resumed, _ = run(config(tmp_path / 'resumed', hook, resume=True,
                            load_from=str(tmp_path / f'iter_{cut}.pth'), **options))
    assert same_weights(whole, resumed)


def test_a_batch_in_parts_has_the_coefficients_of_the_whole(tmp_path):
    """Twelve samples at once, and as four accumulated batches of three."""
    found = []
    for batch_size, parts in ((12, 1), (3, 4)):
        made = config(tmp_path, toy_hook(), size=12, batch_size=batch_size, optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=.05), accumulative_counts=parts))
        made['model']['encoders'] = {
            name: dict(type='MLPEncoder', in_channels=encoder['width'], hidden=[8], out_channels=4)
            for name, encoder in made['model']['encoders'].items()}
        runner, _ = run(made)
        found.append(coefficients_of(runner))
    for name, coefficient in found[0].items():
        assert len(coefficient) == len(found[1][name]) == 1
        assert coefficient[0] == pytest.approx(found[1][name][0], rel=1e-5)


def test_missing_modalities_are_averaged_over_those_that_are_there():
    hook = OGMHook()
    hook.model = type('Model', (), dict(modalities=('audio', 'video')))()
    hook._weights = dict(audio=[], video=[])
    present = dict(audio=torch.tensor([True, False]), video=torch.tensor([True, True]))
    sums = hook.statistics(BatchOutputs(LOGITS, {}, LABELS, present))
    made = hook.modulate(sums, generator())
    ratio = torch.tensor(.786986 / (.785196 / 2))
    torch.testing.assert_close(made['audio'], 1 - (.8 * ratio).tanh(), atol=1e-5, rtol=0)


@pytest.mark.parametrize('modalities, said', [(TWO, 0), (('rgb', 'flow', 'depth'), 1)])
def test_the_extension_is_said_to_be_one(tmp_path, modalities, said):
    run(config(tmp_path, toy_hook(), modalities=modalities, log_level='INFO'))
    (log, ) = tmp_path.glob('*/*.log')
    assert log.read_text().count('3 modalities are an extension of a method published') == said


@pytest.mark.parametrize('options, message', [
    (dict(alpha=-.1), '`alpha` must not be negative, but got -0.1: 0 turns the'),
    (dict(min_ndim=0), '`min_ndim` must be at least 1, but got 0'),
    (dict(begin=51), 'must be epochs with 0 <= begin <= end, but got 51 and 50')])
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        OGMHook(**options)
