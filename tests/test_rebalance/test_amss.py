"""AMSS and AMSS+: the published numbers, and what happens to real gradients."""
import math

import pytest
import torch

from projects.bss.models.base import BatchOutputs
from projects.bss.rebalance import (AMSSHook, keep_fractions, mask_elements, mask_rows,
                                    significance_sums)
from tests.test_rebalance.probes import config, run, same_weights, train
from tests.toy import BSS_L, build

TWO = ('rgb', 'flow')
HALF = torch.tensor(.5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def split_head(made):
    """Give a toy config the head of the published model: one classifier, on all features."""
    made['model']['head'] = dict(type='SplitHead', num_classes=3,
                                 fused_channels=4 * len(made['model']['encoders']))
    return made


class TestFractions:

    def test_worked_example(self):
        made = keep_fractions(torch.tensor([-1., -1.6]), 1.75, torch.tensor([6.2, 6.2]))
        torch.testing.assert_close(made, torch.tensor([.381338, .618662]))

    def test_no_information_in_one_halves_all(self):
        made = keep_fractions(torch.tensor([-1., -2.4]), 1.75, torch.tensor([6.2, 6.2]))
        assert made.tolist() == [.5, .5]

    @pytest.mark.parametrize('scores', [(-torch.inf, -1.), (torch.nan, -1.)])
    def test_no_number_in_one_halves_all(self, scores):
        made = keep_fractions(torch.tensor(scores), 1.75, torch.tensor([0., 6.2]))
        assert made.tolist() == [.5, .5]

    def test_rates_of_the_text_and_image_files(self):
        made = keep_fractions(torch.tensor([-.5, -1.]), 1., torch.ones(2), temperature=.5)
        torch.testing.assert_close(made, torch.tensor([.268941, .731059]))

    def test_three_modalities(self):
        rates = torch.tensor([1., 2., 4.])
        free = keep_fractions(rates, 0., torch.ones(3), 1., 0., (.01, .99))
        torch.testing.assert_close(free, torch.tensor([.957990, .885805, .156205]))
        torch.testing.assert_close(keep_fractions(rates, 0., torch.ones(3), 1., 0.),
                                   torch.tensor([.9, .885805, .156205]))

    def test_permutation_of_modalities(self):
        scores, entropies = torch.tensor([-1., -1.2, -.4]), torch.tensor([5., 6., 7.])
        order = torch.tensor([2, 0, 1])
        torch.testing.assert_close(keep_fractions(scores[order], 1.5, entropies[order]),
                                   keep_fractions(scores, 1.5, entropies)[order])

    def test_a_feature_without_entropy(self):
        made = keep_fractions(torch.tensor([-1., -1.]), 1.5, torch.tensor([0., 6.]))
        torch.testing.assert_close(made, torch.tensor([.1, .9]))


class TestSums:
    LOGITS = dict(a=torch.tensor([[2., 0.], [0., 1.]]), b=torch.zeros(2, 2))
    FEATURES = dict(a=torch.zeros(2, 8), b=torch.tensor([[50., 0., 0., 0.], [1., 1., 1., 1.]]))

    def test_values(self):
        sums = significance_sums(self.LOGITS, self.FEATURES, torch.tensor([0, 0]))
        losses = math.log(1 + math.exp(-2)) + math.log(1 + math.e)
        torch.testing.assert_close(sums['a'], torch.tensor([losses, 2 * math.log(8), 2.]))
        torch.testing.assert_close(sums['b'], torch.tensor([2 * math.log(2), math.log(4), 2.]))

    def test_absent_samples_do_not_count(self):
        present = dict(a=torch.tensor([True, False]), b=torch.tensor([False, False]))
        sums = significance_sums(self.LOGITS, self.FEATURES, torch.tensor([0, 0]), present)
        torch.testing.assert_close(
            sums['a'], torch.tensor([math.log(1 + math.exp(-2)), math.log(8), 1.]))
        assert sums['b'].tolist() == [0, 0, 0]

    @pytest.mark.parametrize('absent', [(), ('b', )])
    def test_the_hook_uses_the_entropy_of_the_labels(self, absent):
        labels = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
        hook = AMSSHook()
        hook.model = type('Model', (), dict(modalities=('a', 'b'), num_classes=3))()
        hook._rows = hook._blocks = dict(a=[], b=[])
        logits = dict(a=torch.zeros(10, 3), b=torch.nn.functional.one_hot(labels, 3).float())
        features = dict(a=torch.zeros(10, 8), b=torch.zeros(10, 4))
        present = {name: torch.full((10, ), name not in absent) for name in logits}
        sums = hook.statistics(BatchOutputs(logits, features, labels, present))
        made = hook.modulate(sums, generator())
        scores = torch.tensor([-math.log(3), -math.log(1 + 2 / math.e)])
        wanted = keep_fractions(scores, 1.029653, torch.tensor([math.log(8), math.log(4)]))
        wanted = torch.tensor([.5, .5]) if absent else wanted
        torch.testing.assert_close(torch.stack(list(made.values())), wanted)


class TestMasks:

    @pytest.mark.parametrize('shape', [(10, 3), (10, 3, 3), (10, 3, 3, 3), (10, 3, 2, 3, 3)])
    @pytest.mark.parametrize('sampling', ['adaptive', 'random', 'topk'])
    def test_rows_of_any_weight(self, shape, sampling):
        gradient = torch.randn(shape, generator=generator())
        masked = gradient.clone()
        mask_rows(masked, torch.tensor(.32), sampling, generator=generator(1))
        kept = masked.flatten(1).abs().sum(dim=1) > 0
        assert kept.sum() == 4  # ceil(3.2)
        torch.testing.assert_close(masked[kept], gradient[kept], rtol=0, atol=0)
        assert not masked[~kept].any()

    @pytest.mark.parametrize('count, keep, rows, elements', [
        (512, .3, 154, 153), (10, .9, 9, 9), (10, .1, 1, 1), (4, .1, 1, 1), (7, 1., 7, 7)])
    def test_numbers_kept(self, count, keep, rows, elements):
        gradient = torch.rand(count, count, generator=generator()) + .1
        by_row, by_element = gradient.clone(), gradient.clone()
        mask_rows(by_row, torch.tensor(keep), generator=generator(1))
        mask_elements(by_element, torch.tensor(keep), generator=generator(1))
        assert (by_row != 0).all(dim=1).sum() == (by_row != 0).any(dim=1).sum() == rows
        assert ((by_element != 0).sum(dim=1) == elements).all()

    def test_official_factors(self):
        masked = torch.tensor([.4, .3, .2, .1]).sqrt()[:, None].repeat(1, 2)
        whole = masked.clone()
        mask_rows(masked, torch.tensor(1.), unbiased='official')
        torch.testing.assert_close((masked / whole)[:, 0], torch.tensor(
            [1.538462, 1.818182, 2.222222, 2.857143]))

    def test_official_factors_are_not_unbiased_and_the_others_are(self):
        """Rows of one weight are independent draws of the elements; shares as above."""
        whole = torch.tensor([.4, .3, .2, .1]).sqrt().repeat(200_000, 1)
        means = {}
        for unbiased in ('official', 'horvitz_thompson'):
            masked = whole.clone()
            mask_elements(masked, HALF, unbiased=unbiased, generator=generator())
            means[unbiased] = (masked / whole).clamp(max=1e3).mean(dim=0)
        torch.testing.assert_close(means['official'], torch.tensor(
            [1.101343, 1.106061, .980600, .670068]), atol=.02, rtol=0)
        torch.testing.assert_close(means['horvitz_thompson'], torch.ones(4), atol=.05, rtol=0)

    def test_uniform_draws_are_weighed_by_one_over_their_number(self):
        masked = torch.ones(8, 2)
        mask_rows(masked, HALF, 'random', 'horvitz_thompson', generator())
        assert sorted(masked[:, 0].tolist()) == [0.] * 4 + [2.] * 4

    def test_keeping_all_changes_nothing(self):
        gradient = torch.randn(6, 4, generator=generator())
        for unbiased in (None, 'horvitz_thompson'):
            for mask in (mask_rows, mask_elements):
                masked = gradient.clone()
                mask(masked, torch.tensor(1.), unbiased=unbiased, generator=generator())
                assert torch.equal(masked, gradient)

    def test_what_is_no_number_does_not_stop_training(self):
        gradient = torch.full((4, 2), torch.nan)
        mask_rows(gradient, HALF, generator=generator())
        mask_elements(gradient, HALF, generator=generator())
        assert gradient.isnan().any()


def first_update(folder, **options):
    """What the first step adds to each parameter, the fractions kept, and the names."""
    hook = dict(type='AMSSHook', **options)
    runner, _ = build(split_head(config(folder, hook, size=3, modalities=TWO)))
    before = {name: value.detach().clone() for name, value in runner.model.named_parameters()}
    train(runner)
    kept = {m: runner.message_hub.get_scalar(f'train/AMSSHook/{m}').data[0][0] for m in TWO}
    return {name: value.detach() - before[name]
            for name, value in runner.model.named_parameters()}, kept


def rows_changed(update):
    return (update.flatten(1) != 0).any(dim=1).sum().item()


def test_masks_in_a_real_step(tmp_path):
    plain, _ = first_update(tmp_path, bounds=(1, 1))
    masked, kept = first_update(tmp_path, sampling='topk')
    for modality, columns in zip(TWO, (slice(0, 4), slice(4, 8))):
        name = f'encoders.{modality}.layers.0.weight'
        assert rows_changed(masked[name]) == min(math.ceil(4 * kept[modality]),
                                                 rows_changed(plain[name]))
        changed = (masked['head.classifier.weight'][:, columns] != 0).sum(dim=1)
        assert (changed <= max(1, math.floor(4 * kept[modality]))).all() and changed.any()
    for name, update in masked.items():
        changed = update != 0
        torch.testing.assert_close(update[changed], plain[name][changed], rtol=0, atol=0)
        if 'bias' in name or 'layers.1' in name:
            assert torch.equal(update, plain[name])


@pytest.mark.parametrize('encoder, head', [(True, False), (False, True)])
def test_parts_are_masked_alone(tmp_path, encoder, head):
    plain, _ = first_update(tmp_path, bounds=(1, 1))
    masked, _ = first_update(tmp_path, bounds=(.25, .25), encoder=encoder, head=head)
    changed = {name for name, update in masked.items() if not torch.equal(update, plain[name])}
    assert any(name.startswith('encoders') for name in changed) == encoder
    assert ('head.classifier.weight' in changed) == head


def test_keeping_all_is_plain_training(tmp_path):
    options = dict(epochs=2)
    plain, _ = run(config(tmp_path, **options))
    for unbiased in (None, 'horvitz_thompson'):
        hook = dict(type='AMSSHook', bounds=(1, 1), unbiased=unbiased)
        assert same_weights(plain, run(config(tmp_path, hook, **options))[0])
    masked, _ = run(config(tmp_path, dict(type='AMSSHook'), **options))
    assert not same_weights(plain, masked)


@pytest.mark.parametrize('modalities, cut', [(TWO, 5), (('rgb', 'flow', 'depth'), 7)])
def test_resumed_equals_uninterrupted(tmp_path, cut, modalities):
    saving = dict(checkpoint=dict(type='CheckpointHook', interval=cut, by_epoch=False))
    options = dict(first=BSS_L, epochs=2, modalities=modalities)
    hook = dict(type='AMSSHook', unbiased='official')
    whole, _ = run(config(tmp_path, hook, default_hooks=saving, **options))
    resumed, _ = run(config(tmp_path / 'resumed', hook, resume=True,
                            load_from=str(tmp_path / f'iter_{cut}.pth'), **options))
    assert same_weights(whole, resumed)


def test_own_classifiers_are_masked_with_the_columns_of_the_fused_one(tmp_path):
    runner, _ = build(config(tmp_path, dict(type='AMSSHook'), modalities=TWO))
    blocks = runner.model.head.modality_weights(runner.model.fusion)
    heads = runner.model.head.classifiers
    assert {name: [(weight is layer.weight, columns) for (weight, columns), layer in
                   zip(found, (heads[name], heads['fused']))]
            for name, found in blocks.items()} == dict(
                rgb=[(True, slice(None)), (True, slice(0, 4))],
                flow=[(True, slice(None)), (True, slice(4, 8))])


def test_a_sum_has_a_classifier_for_each_modality(tmp_path):
    made = split_head(config(tmp_path, dict(type='AMSSHook'), modalities=TWO))
    made['model']['fusion'] = dict(type='SumFusion', in_channels=dict(rgb=4, flow=4),
                                   num_classes=3)
    made['model']['head']['fused_channels'] = None
    runner, _ = run(made)
    blocks = runner.model.head.modality_weights(runner.model.fusion)
    for name, layer in runner.model.fusion.classifiers.items():
        ((weight, columns), ) = blocks[name]
        assert weight is layer.weight and columns == slice(None)


def test_a_fusion_that_mixes_first_is_refused_with_its_head(tmp_path):
    made = split_head(config(tmp_path, dict(type='AMSSHook'), modalities=TWO))
    made['model']['fusion'] = dict(type='AffineFusion', in_channels=dict(rgb=4, flow=4))
    made['model']['head']['fused_channels'] = 4
    runner, _ = build(made)
    with pytest.raises(ValueError, match=r"nothing to mask for \['rgb', 'flow'\], because there is"
                                         ' no weight behind the encoders .*: set head=False'):
        train(runner)


@pytest.mark.parametrize('options, message', [
    (dict(temperature=0), '`temperature` must be positive, but got 0'),
    (dict(bounds=(0, .9)), r'0 < lower <= upper <= 1, but got \(0, 0.9\): \(1, 1\) keeps'),
    (dict(bounds=(.5, 1.1)), r'but got \(0.5, 1.1\)'),
    (dict(sampling='adaptiv'), "Unknown sampling 'adaptiv'. Did you mean 'adaptive'?"),
    (dict(unbiased='offical'), "Unknown unbiased 'offical'. Did you mean 'official'?"),
    (dict(unbiased='horvitz_thompson', sampling='topk'), 'gives the small ones none: take'),
    (dict(encoder=False, head=False), '`encoder` and `head` must not both be False')])
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        AMSSHook(**options)
