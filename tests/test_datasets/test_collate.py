"""Batches that are stacked where they are read."""
from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from mmaction.structures import ActionDataSample
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


@pytest.mark.parametrize('size, stacked', [(2**21, True), (2**21 + 1, False)])
def test_large_samples_stay_apart(size: int, stacked: bool) -> None:
    """To write them one behind another would hold up the reading of the next batch."""
    parts = [dict(inputs=dict(clip=torch.full((size, ), value, dtype=torch.uint8)),
                  data_samples=str(value)) for value in range(2)]
    batch, = DataLoader(parts, batch_size=2, num_workers=1, collate_fn=stack_streams)
    clips = batch['inputs']['clip']
    assert isinstance(clips, Tensor) == stacked
    assert [int(clip.min()) for clip in clips] == [int(clip.max()) for clip in clips] == [0, 1]


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


def labelled(number: int) -> dict[str, Any]:
    sample = ActionDataSample(metainfo=dict(sample_idx=number))
    sample.set_gt_labels(torch.tensor([number, number + 1]))
    sample.soft = torch.rand(3, generator=torch.Generator().manual_seed(number))
    sample.half = torch.full((2, ), 0.5, dtype=torch.bfloat16)
    sample.map = torch.full((40, 40), float(number))
    return dict(inputs={}, data_samples=sample)


@pytest.mark.parametrize('workers', [0, 2])
def test_data_samples_arrive_whole(workers: int) -> None:
    loader = DataLoader([labelled(number) for number in range(6)], batch_size=3,
                        num_workers=workers, collate_fn=stack_streams)
    received = [sample for batch in loader for sample in batch['data_samples']]
    assert [sample.sample_idx for sample in received] == list(range(6))
    for number, sample in enumerate(received):
        expected = labelled(number)['data_samples']
        assert isinstance(sample, ActionDataSample)
        pairs = [(sample.gt_labels.item, expected.gt_labels.item)]
        pairs += [(sample.get(name), expected.get(name)) for name in ('soft', 'half', 'map')]
        assert all(torch.equal(got, sent) and got.dtype == sent.dtype for got, sent in pairs)
        sample.gt_labels.item[0] = -1
    assert received[1].gt_labels.item.tolist() == [-1, 2]


def test_labels_need_no_shared_file_of_their_own() -> None:
    """Each takes longer to receive than a small picture takes to read; large maps do use one."""
    batch, = DataLoader([labelled(number) for number in range(3)], batch_size=3, num_workers=1,
                        collate_fn=stack_streams)
    for sample in batch['data_samples']:
        assert not sample.gt_labels.item.is_shared() and not sample.soft.is_shared()
        assert sample.map.is_shared()


@pytest.mark.parametrize('soft', [
    torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr(), torch.tensor(2.5), torch.empty(0),
    torch.tensor([1 + 2j]).conj().imag, torch.arange(6.0)[::2]],
    ids=['coo', 'csr', 'scalar', 'empty', 'negated', 'strided'])
def test_unusual_labels_arrive(soft: Tensor) -> None:
    """What fails to be sent is dropped by Python's queue, and the receiver waits for ever."""
    parts = [labelled(number) for number in range(2)]
    for part in parts:
        part['data_samples'].soft = soft
    batch, = DataLoader(parts, batch_size=2, num_workers=1, collate_fn=stack_streams, timeout=30)
    for sample in batch['data_samples']:
        assert sample.soft.layout == soft.layout and sample.soft.dtype == soft.dtype
        assert torch.equal(sample.soft.to_dense(), soft.to_dense())


def test_a_batch_is_copied_and_kept_as_any_other() -> None:
    batch = stack_streams([labelled(number) for number in range(2)])
    shallow = copy.copy(batch['data_samples'])
    assert shallow[0] is batch['data_samples'][0] and not shallow[0].map.is_shared()
    kept = pickle.dumps(batch['data_samples'])
    for _ in range(2):
        assert [sample.sample_idx for sample in pickle.loads(kept)] == [0, 1]


@pytest.mark.parametrize('extra, expected', [
    (dict(data_samples=dict(label=3)), dict(data_samples=dict(label=[3, 3]))), (dict(), dict())])
def test_other_forms_of_labels_are_those_of_mmengine(extra: dict[str, Any],
                                                     expected: dict[str, Any]) -> None:
    parts = [dict(inputs=dict(words=torch.arange(2)), **extra) for _ in range(2)]
    batch = stack_streams(parts)
    batch.pop('inputs')
    assert {**batch, **{key: dict(label=[int(label) for label in value['label']])
                        for key, value in batch.items()}} == expected
