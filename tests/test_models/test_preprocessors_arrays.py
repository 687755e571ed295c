"""Standardisation of arrays and vectors."""
from __future__ import annotations

import pytest
import torch
from mmengine.registry import MODELS

from projects.bss.models import ArrayPreprocessor


def test_vectors_are_standardised_by_column() -> None:
    rows = [torch.tensor([1.0, 10.0]), torch.tensor([3.0, 40.0])]
    batch, samples = ArrayPreprocessor(mean=[1, 20], std=[2, 10]).preprocess(rows, ['a', 'b'])
    assert batch.tolist() == [[0.0, -1.0], [1.0, 2.0]]
    assert samples == ['a', 'b']


def test_further_axes_share_the_statistics_of_the_first() -> None:
    array = torch.arange(12, dtype=torch.float64).reshape(2, 3, 2)
    batch, _ = ArrayPreprocessor(mean=[2, 9], std=[1, 3]).preprocess([array], None)
    assert batch.dtype == torch.float32
    expected = [[[[-2, -1], [0, 1], [2, 3]], [[-1, -2 / 3], [-1 / 3, 0], [1 / 3, 2 / 3]]]]
    torch.testing.assert_close(batch, torch.tensor(expected))


def test_without_statistics_nothing_changes() -> None:
    batch, _ = ArrayPreprocessor().preprocess([torch.tensor([3]), torch.tensor([4])], None)
    assert batch.tolist() == [[3.0], [4.0]]


def test_it_serves_one_stream_of_the_multi_modal_preprocessor() -> None:
    preprocessor = MODELS.build(dict(
        type='mmaction.MultiModalDataPreprocessor',
        preprocessors=dict(numbers=dict(type='ArrayPreprocessor', mean=[1.0], std=[2.0]))))
    batch = preprocessor(dict(inputs=dict(numbers=[torch.tensor([5.0])]), data_samples=[]))
    assert batch['inputs']['numbers'].tolist() == [[2.0]]
    assert not preprocessor.state_dict()


def test_arrays_of_different_shape() -> None:
    with pytest.raises(ValueError, match=r'must have one shape, but got \[\(2,\), \(3,\)\]'):
        ArrayPreprocessor().preprocess([torch.zeros(3), torch.zeros(2)], None)


def test_statistics_of_another_width() -> None:
    with pytest.raises(ValueError, match='must have 3 values.* but have 2'):
        ArrayPreprocessor(mean=[0, 0], std=[1, 1]).preprocess([torch.zeros(3)], None)


def test_wrong_statistics() -> None:
    with pytest.raises(ValueError, match='`std` must be positive, but got 0'):
        ArrayPreprocessor(mean=[1, 2], std=[1, 0])
    with pytest.raises(ValueError, match='but have 1 and 2'):
        ArrayPreprocessor(mean=[1], std=[1, 1])
