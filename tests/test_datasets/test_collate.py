"""Batches that are stacked where they are read."""
from __future__ import annotations

from typing import Any

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import DataLoader

from projects.bss.datasets import stack_streams
from projects.bss.models import StreamPreprocessor

PREPROCESSORS = dict(clip=dict(type='mmaction.ActionDataPreprocessor', mean=[3.0], std=[2.0],
                               format_shape='NCTHW'),
                     words=dict(type='TokenPreprocessor'))


def samples(lengths: list[int]) -> list[dict[str, Any]]:
    """A clip and some words each; the data sample is not looked at."""
    generator = torch.Generator().manual_seed(0)
    return [dict(inputs=dict(
        clip=torch.randint(256, (1, 2, 3, 4), generator=generator).byte(),
        words=torch.randint(9, (length, ), generator=generator)), data_samples=f'sample {length}')
        for length in lengths]


def test_streams_of_one_shape_are_stacked_and_others_stay_lists() -> None:
    parts = samples([3, 5])
    batch = stack_streams(parts)
    assert torch.equal(batch['inputs']['clip'][1], parts[1]['inputs']['clip'])
    assert batch['inputs']['clip'].shape == (2, 1, 2, 3, 4)
    assert [len(words) for words in batch['inputs']['words']] == [3, 5]
    assert batch['data_samples'] == ['sample 3', 'sample 5']
    assert isinstance(stack_streams(samples([4, 4]))['inputs']['words'], Tensor)


def test_tensors_of_different_types_are_not_mixed() -> None:
    parts = samples([4, 4])
    parts[1]['inputs']['clip'] = parts[1]['inputs']['clip'].float()
    assert isinstance(stack_streams(parts)['inputs']['clip'], list)


@pytest.mark.parametrize('lengths', [[3, 5, 4, 4], [4, 4, 4, 4], [4]])
def test_a_model_receives_the_very_same(lengths: list[int]) -> None:
    """Through real workers."""
    preprocessor = StreamPreprocessor(PREPROCESSORS)
    ready = [[preprocessor(batch) for batch in DataLoader(
        samples(lengths), batch_size=2, num_workers=1, collate_fn=collate)]
        for collate in (pseudo_collate, FUNCTIONS.get('stack_streams'))]
    for expected, stacked in zip(*ready, strict=True):
        assert stacked['data_samples'] == expected['data_samples']
        for name, tensor in expected['inputs'].items():
            assert torch.equal(stacked['inputs'][name], tensor)
            assert stacked['inputs'][name].dtype == tensor.dtype
