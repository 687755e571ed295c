"""Gradients as vectors, and the min-norm point against brute force and its KKT conditions."""
import itertools

import pytest
import torch

from projects.bss.functional import flatten_gradients, gradient_cosine, min_norm, restore_gradients


def vectors_of(count, width, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=generator, dtype=torch.float64)


def test_flatten_lays_gradients_end_to_end_with_zeros_for_none():
    like = [torch.ones(2, 2), torch.ones(3), torch.ones(())]
    gradients = [torch.tensor([[1., 2], [3, 4]]), None, torch.tensor(5.)]
    vector = flatten_gradients(gradients, like)
    assert vector.tolist() == [1, 2, 3, 4, 0, 0, 0, 5]
    restored = restore_gradients(vector, like)
    assert [part.tolist() for part in restored] == [[[1, 2], [3, 4]], [0, 0, 0], 5]


def test_restore_refuses_another_number_of_elements():
    with pytest.raises(ValueError, match=r'`vector` must have shape \(3,\).* but got \(4,\)'):
        restore_gradients(torch.zeros(4), [torch.zeros(3)])


@pytest.mark.parametrize('first, second, expected', [
    ([1, 0], [0, 1], 0), ([1, 1], [2, 0], 0.707107), ([1, 0], [-1, 1], -0.707107),
    ([1, 0], [-3, 0], -1), ([0, 0], [1, 0], 0)])
def test_cosine(first, second, expected):
    found = gradient_cosine(torch.tensor(first).float(), torch.tensor(second).float())
    torch.testing.assert_close(found, torch.tensor(float(expected)))


def test_cosine_of_a_gradient_that_overflowed_is_not_a_number():
    assert gradient_cosine(torch.tensor([torch.inf, 0]), torch.tensor([1., 1])).isnan()


@pytest.mark.parametrize('first, second, weight', [
    ([1, 0], [0, 1], .5), ([1, 0], [-1, 1], .6), ([2, 0], [-1, 1], .4),
    ([4, 0], [-1, 1], .230769), ([1, 0], [-1, 0], .5), ([1, 1], [2, 0], 1), ([3, 0], [1, 1], 0),
    ([2, 1], [2, 1], .5), ([0, 0], [1, 1], 1)])
def test_two_vectors(first, second, weight):
    vectors = torch.tensor([first, second]).float()
    torch.testing.assert_close(min_norm(vectors), torch.tensor([weight, 1 - weight]).float())
    # A third copy of one of them does not move the point, but takes the general path.
    three = min_norm(torch.cat([vectors, vectors[:1]]))
    torch.testing.assert_close(three @ torch.cat([vectors, vectors[:1]]),
                               min_norm(vectors) @ vectors)


def test_three_vectors():
    vectors = torch.tensor([[1., 0, 0], [0, 2, 0], [-.5, 0, 1]])
    weights = min_norm(vectors)
    torch.testing.assert_close(weights, torch.tensor([.5, .0714286, .428571]))
    shortest = weights @ vectors
    torch.testing.assert_close(shortest.dot(shortest), torch.tensor(.285714))
    torch.testing.assert_close(vectors @ shortest, torch.full((3, ), .285714))


@pytest.mark.parametrize('count, width', [(2, 3), (3, 2), (3, 5), (4, 3), (5, 8)])
@pytest.mark.parametrize('seed', range(4))
def test_kkt_conditions(count, width, seed):
    vectors = vectors_of(count, width, seed) + (seed % 2)  # far from zero, and around it
    weights = min_norm(vectors)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(), torch.tensor(1.).double())
    shortest = weights @ vectors
    slack = vectors @ shortest - shortest.dot(shortest)
    assert slack.min() > -1e-9
    assert (slack * weights).abs().max() < 1e-9


@pytest.mark.parametrize('seed', range(3))
def test_no_point_of_a_grid_is_shorter(seed):
    vectors = vectors_of(3, 4, seed)
    steps = torch.linspace(0, 1, 101).tolist()
    grid = torch.tensor([(a, b, 1 - a - b) for a, b in itertools.product(steps, steps)
                         if a + b <= 1], dtype=torch.float64)
    brute = (grid @ vectors).norm(dim=1).min()
    found = (min_norm(vectors) @ vectors).norm()
    assert found <= brute + 1e-12
    assert brute - found < 0.05


def test_weights_follow_a_permutation_and_ignore_a_common_scale():
    vectors = vectors_of(4, 6, 0)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(min_norm(vectors[order]), min_norm(vectors)[order])
    torch.testing.assert_close(min_norm(1e-12 * vectors), min_norm(vectors))


def test_degenerate_vectors_give_a_shortest_point():
    assert min_norm(torch.zeros(3, 2)) @ torch.zeros(3, 2).sum(1) == 0
    line = torch.tensor([[1., 1], [2, 2], [-1, -1]])
    torch.testing.assert_close(min_norm(line) @ line, torch.zeros(2), atol=1e-6, rtol=0)
    assert min_norm(torch.tensor([[3., 4]])).tolist() == [1]


def test_half_precision_is_computed_in_single():
    weights = min_norm(torch.tensor([[300., 0], [-300, 300]], dtype=torch.float16))
    torch.testing.assert_close(weights, torch.tensor([.6, .4]))


@pytest.mark.parametrize('shape', [(0, 3), (11, 3), (4, )])
def test_refuses_too_many_vectors(shape):
    with pytest.raises(ValueError, match=r'shape \(T, D\) with 1 <= T <= 10, but got'):
        min_norm(torch.zeros(shape))
