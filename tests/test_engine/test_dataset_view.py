"""Data sets seen through their wrappers."""
import pytest
import torch
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import Subset

from projects.bss.engine.dataset_view import fingerprint, original_index, seed_views, with_pipeline
from projects.bss.engine.scoring import own_rows
from tests.toy import PackVectors, ToyModalities


class Balanced(ToyModalities):
    """Counts its classes, as ClassBalancedDataset asks."""

    def get_cat_ids(self, idx):
        return [self.get_data_info(idx)['gt_label']]


def toy(size, seed=0, cls=ToyModalities):
    return cls(size=size, data_seed=seed, pipeline=[dict(type='PackVectors')])


WRAPPERS = dict(
    plain=lambda: toy(5),
    concat=lambda: ConcatDataset([toy(3), toy(4, 1)]),
    repeat=lambda: RepeatDataset(toy(3), times=2),
    nested=lambda: Subset(ConcatDataset([toy(3), toy(2, 1)]), [4, 0]),
    balanced=lambda: ClassBalancedDataset(toy(7, cls=Balanced), oversample_thr=0.5),
    subset=lambda: Subset(toy(6), [4, 1, 3]),
    sliced=lambda: _SlicedDataset(toy(6), 4))


@pytest.mark.parametrize('name', WRAPPERS)
def test_items_carry_the_original_index(name):
    dataset = WRAPPERS[name]()
    samples = [dataset[i]['data_samples'] for i in range(len(dataset))]
    assert [s.sample_idx for s in samples] == [original_index(dataset, i)
                                               for i in range(len(dataset))]
    everything = list(range(len(dataset)))
    assert own_rows(dataset, everything, samples) == everything


@pytest.mark.parametrize('name', WRAPPERS)
def test_a_view_reads_the_same_samples_through_another_pipeline(name):
    dataset = WRAPPERS[name]()
    view = with_pipeline(dataset, [dict(type='PackVectors', noise=100.0)])
    last = len(dataset) - 1
    before = dataset[last]['inputs']['rgb']
    assert (view[last]['inputs']['rgb'] - before).abs().max() > 5
    assert view[last]['data_samples'].sample_idx == dataset[last]['data_samples'].sample_idx
    assert torch.equal(dataset[last]['inputs']['rgb'], before)
    assert len(view) == len(dataset)


@pytest.mark.parametrize('name', WRAPPERS)
def test_fingerprints_follow_the_annotations(name):
    assert fingerprint(WRAPPERS[name]()) == fingerprint(WRAPPERS[name]())
    others = {fingerprint(make()) for make in WRAPPERS.values()}
    assert len(others) == len(WRAPPERS)


def test_fingerprints_of_other_annotations_differ_also_inside_wrappers():
    assert fingerprint(toy(5)) != fingerprint(toy(5, 1))
    assert fingerprint(RepeatDataset(toy(5), 2)) != fingerprint(RepeatDataset(toy(5, 1), 2))
    assert fingerprint(torch.arange(4)) != fingerprint(torch.arange(5))


def test_a_data_set_without_pipeline_is_refused():
    with pytest.raises(TypeError, match='no `pipeline` that a scoring view could replace'):
        with_pipeline(torch.utils.data.TensorDataset(torch.arange(3)), [PackVectors()])


def test_seeding_reaches_wrapped_data_sets():

    class Seeded(ToyModalities):
        seeds = None

        def seed_views(self, seed, epoch):
            self.seeds = (seed, epoch)

    inner = [toy(3, cls=Seeded), toy(2, cls=Seeded)]
    seed_views(Subset(ConcatDataset(inner), [1, 4]), 4, 7)
    assert [part.seeds for part in inner] == [(4, 7), (4, 7)]


def test_a_plain_list_of_samples_is_a_data_set():
    assert original_index([0, 1, 2], 1) == 1
    assert fingerprint([0, 1]) != fingerprint([0, 1, 2])
    with pytest.raises(TypeError, match='A list has no `pipeline` that a scoring view could'):
        with_pipeline([0, 1, 2], [])
