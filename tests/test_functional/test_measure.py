"""Eqs 4-6 against worked numbers, a loop-written implementation and autograd."""
import math

import pytest
import torch

from projects.bss.functional import (balance_score, feature_similarity, head_gradient_magnitude,
                                     min_max, multimodal_loss, prediction_similarity,
                                     stream_weights)

from . import reference

U = torch.tensor([[2., 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 3]])
V = torch.tensor([[1., 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 2]])
LABELS = torch.tensor([0, 1, 0, 2])


def close(values, expected, tolerance=1e-6):
    torch.testing.assert_close(values.double(), torch.as_tensor(expected, dtype=torch.float64),
                               atol=tolerance, rtol=0)


def random_streams(modalities, samples=17, classes=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    names = ['audio', 'video', 'text', 'depth'][:modalities]
    return {name: 3 * torch.randn(samples, classes, generator=generator, dtype=torch.float64)
            for name in names}


class TestWorkedExample:
    """Four samples, three classes, two modalities, fused logits equal to the first one's."""

    def test_similarity(self):
        close(prediction_similarity(dict(u=U, v=V)), [0.958067, 0.685539, 0.796559, 0.992950])

    def test_loss(self):
        losses = multimodal_loss(dict(u=U, v=V, fused=U), LABELS, alpha=0.2)
        close(losses, [0.349834, 0.861734, 1.309904, 0.142832])

    def test_normalised_criteria(self):
        close(min_max(prediction_similarity(dict(u=U, v=V))), [0.886526, 0, 0.361145, 1])
        close(min_max(multimodal_loss(dict(u=U, v=V, fused=U), LABELS)),
              [0.177369, 0.615987, 1, 0])

    def test_balance_score(self):
        score = balance_score(prediction_similarity(dict(u=U, v=V)),
                              multimodal_loss(dict(u=U, v=V, fused=U), LABELS))
        close(score, [0.709158, -0.615987, -0.638855, 1])

    def test_three_modalities_average_their_pairs(self):
        logits = {name: torch.tensor([row]) for name, row in dict(
            a=[2., 0, 0], b=[1., 0, 0], c=[0., 1, 0]).items()}
        close(prediction_similarity(logits), [0.708480])
        close(prediction_similarity(logits, softmax=False), [1 / 3])


@pytest.mark.parametrize('modalities', [2, 3, 4])
@pytest.mark.parametrize('seed', range(3))
class TestAgainstLoops:

    def test_similarity(self, modalities, seed):
        logits = random_streams(modalities, seed=seed)
        rows = [[reference.softmax(r) for r in m.tolist()] for m in logits.values()]
        close(prediction_similarity(logits), reference.similarity(rows))

    def test_similarity_of_features_and_raw_logits(self, modalities, seed):
        streams = random_streams(modalities, seed=seed)
        expected = reference.similarity([m.tolist() for m in streams.values()])
        close(feature_similarity(streams), expected)
        close(prediction_similarity(streams, softmax=False), expected)

    def test_loss_and_score(self, modalities, seed):
        logits = random_streams(modalities, seed=seed)
        fused = random_streams(1, seed=seed + 100)['audio']
        labels = torch.randint(5, (17, ), generator=torch.Generator().manual_seed(seed))
        losses = multimodal_loss({**logits, 'fused': fused}, labels, alpha=0.3)
        expected = reference.loss([m.tolist() for m in logits.values()], fused.tolist(),
                                  labels.tolist(), 0.3)
        close(losses, expected)
        similarities = prediction_similarity(logits)
        close(balance_score(similarities, losses),
              reference.score(similarities.tolist(), expected))


def test_the_order_of_modalities_does_not_matter():
    logits = random_streams(3)
    shuffled = {name: logits[name] for name in ('text', 'audio', 'video')}
    close(prediction_similarity(shuffled), prediction_similarity(logits))


@pytest.mark.parametrize('shift, factor', [(0., 1.), (5., 1.), (0., 7.), (-2., 0.1)])
def test_score_is_invariant_to_shift_and_scale_of_the_loss_and_stays_in_range(shift, factor):
    generator = torch.Generator().manual_seed(1)
    similarity = torch.rand(50, generator=generator, dtype=torch.float64)
    loss = torch.rand(50, generator=generator, dtype=torch.float64)
    score = balance_score(similarity, loss)
    close(balance_score(similarity, shift + factor * loss), score)
    assert score.min() >= -1 and score.max() <= 1


def test_one_criterion_alone():
    loss = torch.tensor([1., 3, 2])
    close(balance_score(None, loss), [0, -1, -0.5])
    close(balance_score(loss, None), [0, 1, 0.5])


def test_a_constant_criterion_contributes_zeros_with_a_warning():
    with pytest.warns(RuntimeWarning, match='is constant \\(0.5\\) over all 3 samples'):
        score = balance_score(torch.full((3, ), 0.5), torch.tensor([0., 1, 2]))
    close(score, [0, -0.5, -1])


def test_a_single_sample_scores_zero():
    with pytest.warns(RuntimeWarning, match='constant'):
        close(balance_score(torch.tensor([0.3]), torch.tensor([2.])), [0])


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_a_criterion_that_is_not_finite_means_least_balanced(bad):
    information = torch.tensor([0.1, bad, 0.9, 0.5])
    with pytest.warns(RuntimeWarning, match='1 of 4 samples have a criterion that is not finite'):
        score = balance_score(torch.tensor([0., 0, 1, 2]), information)
    close(score, [0, -1, -0.5, 0.5])


@pytest.mark.parametrize('bad', [math.inf, -math.inf])
def test_an_infinite_correlation_means_least_balanced(bad):
    with pytest.warns(RuntimeWarning, match='1 of 4 samples have a criterion that is not finite'):
        score = balance_score(torch.tensor([0.1, bad, 0.9, 0.5]), torch.tensor([0., 0, 1, 2]))
    close(score, [0, -1, 0.5, -0.5])


class TestUndefinedCorrelation:
    """Fewer than two modalities are there, so that there is nothing to agree."""

    def test_it_counts_as_no_agreement_outside_the_range(self, recwarn):
        score = balance_score(torch.tensor([0.6, math.nan, 0.9, 0.7]),
                              torch.tensor([0., 1, 4, 2]))
        close(score, [0, -0.25, 1 - 1, 1 / 3 - 0.5])
        assert not recwarn.list

    def test_of_all_samples(self):
        close(balance_score(torch.full((3, ), math.nan), torch.tensor([1., 3, 2])), [0, -1, -0.5])

    def test_beside_an_information_that_is_not_finite(self):
        with pytest.warns(RuntimeWarning, match='1 of 3 samples'):
            score = balance_score(torch.tensor([math.nan, 0.2, 0.4]),
                                  torch.tensor([math.nan, 1, 2]))
        close(score, [-1, 0, 0])

    def test_without_information(self):
        with pytest.warns(RuntimeWarning, match='1 of 3 samples'):
            close(balance_score(torch.tensor([math.nan, 0.2, 0.4]), None), [-1, 0, 1])


class TestAbsentModalities:
    """Rows: all three there; b gone; only c there."""

    present = dict(a=torch.tensor([True, True, False]), b=torch.tensor([True, False, False]))
    rows = dict(a=[[2., 0, 0], [2, 0, 0], [math.nan, 0, 0]],
                b=[[1., 0, 0], [math.nan, 0, 0], [math.inf, 0, 0]],
                c=[[0., 1, 0], [0, 1, 0], [0, 1, 0]])
    logits = {name: torch.tensor(row) for name, row in rows.items()}
    labels = torch.tensor([0, 0, 1])

    def test_similarity_over_the_pairs_that_are_there(self):
        similarity = prediction_similarity(self.logits, present=self.present)
        close(similarity[:2], [0.708480, 0.481835])
        assert similarity[2].isnan()

    def test_similarity_of_features_and_raw_logits(self):
        for similarity in (feature_similarity(self.logits, self.present),
                           prediction_similarity(self.logits, False, self.present)):
            close(similarity[:2], [1 / 3, 0])
            assert similarity[2].isnan()

    def test_loss_of_what_is_there_and_of_the_fused_stream(self):
        fused = torch.tensor([[2., 0, 0], [1, 0, 0], [0, 1, 0]])
        losses = multimodal_loss({**self.logits, 'fused': fused}, self.labels, 0.2,
                                 present=self.present)
        two, one, other = 0.239545, 0.551445, 1.551445
        close(losses, [0.8 * two + 0.2 * (two + one + other), 0.8 * one + 0.2 * (two + other),
                       0.8 * one + 0.2 * one], 2e-6)

    def test_everything_there_is_the_same_as_no_mask(self):
        logits = random_streams(3)
        everywhere = {name: torch.ones(17, dtype=torch.bool) for name in logits}
        labels = torch.arange(17) % 5
        close(prediction_similarity(logits, present=everywhere), prediction_similarity(logits))
        close(multimodal_loss(logits, labels, present=everywhere), multimodal_loss(logits, labels))
        close(head_gradient_magnitude(logits, logits, labels, present=everywhere),
              head_gradient_magnitude(logits, logits, labels))


def test_nan_logits_of_one_sample_leave_the_others_alone():
    broken = U.clone()
    broken[1, 0] = math.nan
    similarity = prediction_similarity(dict(u=broken, v=V))
    assert similarity[1].isnan()
    close(similarity[[0, 2, 3]], [0.958067, 0.796559, 0.992950])


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    logits = dict(u=U.to(dtype), v=V.to(dtype), fused=U.to(dtype))
    similarity, loss = prediction_similarity(logits), multimodal_loss(logits, LABELS)
    assert similarity.dtype == loss.dtype == torch.float32
    close(balance_score(similarity, loss), [0.709158, -0.615987, -0.638855, 1])


class TestErrors:

    def test_fewer_than_two_modalities(self):
        with pytest.raises(ValueError, match='at least two modalities'):
            prediction_similarity(dict(u=U, fused=U))

    def test_features_of_different_widths(self):
        with pytest.raises(ValueError, match="one width for all modalities.*'u': 3, 'v': 2"):
            feature_similarity(dict(u=U, v=V[:, :2]))

    def test_alpha_out_of_range(self):
        with pytest.raises(ValueError, match=r'`alpha` must lie in \[0, 1\], but got 1.5'):
            multimodal_loss(dict(u=U, v=V), LABELS, alpha=1.5)

    def test_a_stream_without_weight(self):
        with pytest.raises(ValueError, match=r"\['v'\] have none"):
            stream_weights(['u', 'v'], weights=dict(u=1))

    def test_no_criterion(self):
        with pytest.raises(ValueError, match='At least one of `correlation` and `information`'):
            balance_score(None, None)

    def test_criteria_of_different_length(self):
        with pytest.raises(ValueError, match=r'one shape, but got \(2,\) and \(3,\)'):
            balance_score(torch.zeros(2), torch.zeros(3))


def test_explicit_weights_replace_alpha():
    weights = dict(u=1, v=1, fused=1)
    close(multimodal_loss(dict(u=U, v=V, fused=U), LABELS, weights=weights),
          [2 * 0.239545 + 0.551445, 2 * 0.551445 + 1.551445, 2 * 0.861995 + 2.239545,
           2 * 0.094923 + 0.239545], 2e-6)


def test_a_model_without_fused_stream_has_unimodal_terms_only():
    close(multimodal_loss(dict(u=U, v=V), LABELS, alpha=0.2),
          [0.2 * (0.239545 + 0.551445), 0.2 * (0.551445 + 1.551445), 0.2 * (0.861995 + 2.239545),
           0.2 * (0.094923 + 0.239545)])
