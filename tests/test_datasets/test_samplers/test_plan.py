"""A plan that cannot be meant is refused."""
import math

import pytest
import torch

from projects.bss.datasets.samplers import Plan


def test_sizes():
    assert Plan().num_samples(7) == 7
    assert Plan(torch.tensor([4, 2])).num_samples(7) == 2
    assert Plan(torch.tensor([4, 2]), length=5).num_samples(7) == 5
    assert Plan(torch.tensor([4, 2]), length=5).num_candidates(7) == 2


@pytest.mark.parametrize('arguments, message', [
    (dict(candidates=torch.tensor([], dtype=torch.int64)), 'non-empty int64 vector'),
    (dict(candidates=torch.tensor([1., 2.])), 'but got torch.float32'),
    (dict(weights=torch.tensor([1., -1.])), 'finite numbers >= 0'),
    (dict(weights=torch.tensor([1., math.nan])), 'finite numbers >= 0'),
    (dict(weights=torch.zeros(2)), 'not all zero'),
    (dict(candidates=torch.tensor([1]), weights=torch.ones(2)), '2 weights for 1 candidates'),
    (dict(length=0), '`length` must be at least 1, but got 0'),
])
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        Plan(**arguments)


@pytest.mark.parametrize('plan, message', [
    (Plan(torch.tensor([0, 7])), r'must lie in \[0, 6\].*span \[0, 7\]'),
    (Plan(torch.tensor([-1, 3])), r'span \[-1, 3\]'),
    (Plan(weights=torch.ones(6)), '6 for a data set of 7'),
])
def test_a_plan_for_another_data_set(plan, message):
    with pytest.raises(ValueError, match=message):
        plan.check_fits(7)
