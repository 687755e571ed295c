"""SMV: its worked numbers, what a run draws and masks, resuming, refusals."""
from __future__ import annotations

from collections import Counter
from unittest.mock import patch

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from projects.bss.functional import subsets
from projects.bss.rebalance import (SMVHook, contributions, correct_by_subset, count_copies,
                                    extra_share, keep_only)
from tests.toy import BSS_L, VANILLA, WIDTHS, build, deterministic_model_config, toy_config

NAMES = tuple(WIDTHS)
SIZE = 10


@HOOKS.register_module(force=True)
class RecordAbsent(Hook):
    """Write down, batch by batch, which sample was drawn and what was taken from it."""

    priority = 'LOW'

    def __init__(self):
        self.draws, self.lengths = [], []

    def before_train_epoch(self, runner):
        self.lengths.append((len(runner.train_dataloader), runner.max_iters))

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.draws += [(runner.epoch, sample.sample_idx, tuple(sample.get('absent', ())))
                       for sample in data_batch['data_samples']]


def config(folder, *hooks, size=SIZE, epochs=4, every_iter=True, model=None, **overrides):
    made = toy_config(folder, None, size, 3, epochs, model=model or deterministic_model_config(),
                      **overrides)
    made['custom_hooks'] = [VANILLA, *hooks, dict(type='RecordAbsent')]
    if not every_iter:
        made['default_hooks']['checkpoint'] = None
    made['train_cfg']['val_interval'] = 100
    for loader in (made['train_dataloader'], made['val_dataloader']):
        loader['dataset']['serialize_data'] = False
    return made


def run(made):
    """Train; formatting the config would take most of the time of a checkpoint."""
    runner, batches = build(made)
    with patch.object(Config, 'pretty_text', ''):
        runner.train()
    recorder = next(hook for hook in runner.hooks if isinstance(hook, RecordAbsent))
    return runner, batches, recorder


def smv(**options):
    return dict(type='SMVHook', **dict(dict(warmup=1), **options))


def weights(runner):
    return {name: value.clone() for name, value in runner.model.state_dict().items()}


def assert_equal(left, right):
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []


class TestNumbers:

    @pytest.mark.parametrize('correct, shares, copies', [
        ((0, 0, 0), (0, 0), (2, 2)), ((0, 0, 1), (1, 1), (0, 0)), ((0, 1, 0), (-.5, .5), (3, 1)),
        ((0, 1, 1), (.5, 1.5), (1, 0)), ((1, 0, 0), (.5, -.5), (1, 3)),
        ((1, 0, 1), (1.5, .5), (0, 1)), ((1, 1, 0), (0, 0), (2, 2)), ((1, 1, 1), (1, 1), (0, 0))])
    def test_the_truth_table(self, correct, shares, copies):
        found = contributions({names: torch.tensor([bool(right)]) for names, right in
                               zip([('a', ), ('v', ), ('a', 'v')], correct)})
        assert tuple(share.item() for share in found.values()) == shares
        assert tuple(count_copies(share).item() for share in found.values()) == copies

    def test_three_modalities(self):
        found = contributions({names: torch.tensor(['x' in names]) for names in subsets('xyz')})
        assert {name: share.item() for name, share in found.items()} == dict(x=2, y=.5, z=.5)

    @pytest.mark.parametrize('count', [2, 3, 4])
    def test_contributions_add_up_to_the_value_of_all(self, count):
        generator = torch.Generator().manual_seed(count)
        correct = {names: torch.rand(20, generator=generator) < .5
                   for names in subsets('abcd'[:count])}
        total = sum(contributions(correct).values())
        torch.testing.assert_close(total, count * correct[tuple('abcd'[:count])].float())

    def test_an_absent_modality_is_not_valued_and_the_others_share(self):
        right = torch.tensor([True, True])
        found = contributions({names: right for names in subsets('abc')},
                              dict(a=right, b=right, c=torch.tensor([True, False])))
        assert [found[name].tolist() for name in 'ab'] == [[1, 1], [1, 1]]
        assert found['c'][0] == 1 and found['c'][1].isnan()
        assert count_copies(found['c'], (9.0, )).tolist() == [1, 0]

    def test_copies_at_and_between_thresholds(self):
        steps = torch.tensor([-.5, -.1, 0, .4, .5, 1, 1.5, torch.nan])
        assert count_copies(steps).tolist() == [3, 2, 2, 1, 1, 0, 0, 0]
        assert count_copies(steps, ()).tolist() == [0] * 8
        assert count_copies(steps, (2, 2)).tolist() == [2] * 7 + [0]

    def test_the_share_of_the_weakest_modality(self):
        weakest, share = extra_share(dict(a=.75, v=.5))
        assert weakest == 'v' and share == pytest.approx(.166667, abs=1e-6)
        assert extra_share(dict(a=.5, v=.75), alpha=.5) == ('a', pytest.approx(.083333, abs=1e-6))
        assert extra_share(dict(a=.5, v=.75), alpha=0)[1] == 0
        assert extra_share(dict(a=1, b=.4, c=.7))[1] == pytest.approx(.4)

    def test_keeping_one_modality_leaves_the_sample_as_it_is(self):
        sample = ActionDataSample().set_gt_labels(2)
        sample.set_metainfo(dict(sample_idx=7, absent=('rgb', )))
        kept = keep_only(sample, 'flow', NAMES)
        assert kept.absent == ('rgb', 'depth') and kept.sample_idx == 7 and kept.gt_labels.item == 2
        assert sample.absent == ('rgb', ) and type(kept) is ActionDataSample
        assert keep_only(sample, 'rgb', NAMES) is sample


def by_hand(model, batch, kept):
    """Predict from samples whose other modalities are declared absent."""
    for sample in batch['data_samples']:
        sample.set_metainfo(dict(absent=tuple(set(NAMES) - set(kept))))
    scores = torch.stack([sample.pred_scores.fused for sample in model(**batch, mode='predict')])
    return scores.argmax(dim=1).cpu()


def batch_of(runner):
    return runner.model.data_preprocessor(next(iter(runner.val_dataloader)), False)


@pytest.mark.parametrize('jointly', [False, True])
def test_subsets_are_predicted_as_by_samples_that_lack_modalities(tmp_path, monkeypatch, jointly):
    runner, _, _ = run(config(tmp_path, epochs=1, every_iter=False))
    model = runner.model.eval()
    monkeypatch.setattr(type(model.fusion), 'encodes_jointly', jointly)
    labels = torch.cat([sample.gt_labels.item for sample in batch_of(runner)['data_samples']])
    with torch.no_grad():
        found = correct_by_subset(model, batch_of(runner))
        for names in subsets(NAMES):
            expected = by_hand(model, batch_of(runner), names) == labels
            assert found[names].tolist() == expected.tolist(), names
    assert len(found) == 7


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """An uninterrupted run of sample-level SMV with random views."""
    folder = tmp_path_factory.mktemp('smv')
    return folder, *run(noisy(folder / 'whole'))


def noisy(folder, **overrides):
    made = config(folder, smv(thresholds=(1.0, 0.4)), **{'epochs': 3, **overrides})
    made['train_dataloader']['dataset']['pipeline'][0]['noise'] = 0.1
    return made


def hook_of(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, SMVHook))


def draws_of(recorder, epoch):
    return Counter(draw[1:] for draw in recorder.draws if draw[0] == epoch)


class TestRun:

    def test_an_epoch_holds_all_samples_and_the_copies(self, whole):
        _, runner, _, recorder = whole
        originals = Counter({(i, ()): 1 for i in range(SIZE)})
        assert draws_of(recorder, 0) == originals
        copies = Counter((int(i), tuple(n for n in NAMES if n != NAMES[kept]))
                         for i, kept in hook_of(runner)._copies.T)
        assert sum(copies.values()) > 0
        assert draws_of(recorder, 2) == originals + copies

    def test_the_loop_follows_the_length_of_epochs(self, whole):
        _, runner, batches, recorder = whole
        per_epoch = [-(-sum(draws_of(recorder, epoch).values()) // 3) for epoch in range(3)]
        assert [length for length, _ in recorder.lengths] == per_epoch
        assert runner.iter == runner.max_iters == len(batches) == sum(per_epoch)
        assert runner.message_hub.get_info('max_iters') == sum(per_epoch)
        assert per_epoch[0] == 4 < max(per_epoch)

    def test_worker_processes_change_nothing(self, tmp_path):
        made, ahead = (config(tmp_path, smv(), epochs=2, every_iter=False) for _ in range(2))
        ahead['train_dataloader'].update(num_workers=2, persistent_workers=True)
        (left, _, one), (right, _, two) = run(made), run(ahead)
        assert one.draws == two.draws and any(draw[2] for draw in one.draws)
        assert_equal(weights(left), weights(right))

    def test_resuming_equals_the_whole_run_at_every_cut(self, whole):
        folder, runner, batches, recorder = whole
        final, first = weights(runner), recorder.lengths[0][0]
        for cut in (first - 1, first, first + 1, first + recorder.lengths[1][0] + 2):
            resumed, rest, _ = run(noisy(folder / f'cut{cut}', resume=True, load_from=str(
                folder / 'whole' / f'iter_{cut}.pth')))
            assert rest == batches[cut:], f'order after iteration {cut}'
            assert_equal(weights(resumed), final)
            assert resumed.max_iters == runner.max_iters

    def test_the_state_is_plain(self, whole):
        folder, runner, batches, _ = whole
        saved = torch.load(folder / 'whole' / f'iter_{len(batches)}.pth', weights_only=True)
        state = saved['rebalance']['SMVHook']
        assert state['valued_epoch'] == 2
        assert torch.equal(state['copies'], hook_of(runner)._copies)

    def test_a_copy_keeps_every_modality_that_contributes_too_little(self, tmp_path):
        made = config(tmp_path, smv(warmup=0), epochs=1, every_iter=False)
        made['optim_wrapper']['optimizer'].update(lr=0.0)
        runner, _, recorder = run(made)
        model, dataset = runner.model.eval(), runner.train_dataloader.dataset
        batch = model.data_preprocessor(
            runner.train_dataloader.collate_fn([dataset[i] for i in range(SIZE)]), False)
        with torch.no_grad():
            found = contributions(correct_by_subset(model, batch))
        expected = Counter()
        for name, share in found.items():
            for i, copies in enumerate(count_copies(share).tolist()):
                expected[i, tuple(n for n in NAMES if n != name)] += copies
        expected += Counter({(i, ()): 1 for i in range(SIZE)})
        assert draws_of(recorder, 0) == expected and sum(expected.values()) > SIZE

    def test_modality_level(self, tmp_path):
        runner, _, recorder = run(config(tmp_path, smv(
            level='modality', warmup=0, share=1.0, alpha=3.0), epochs=2, every_iter=False))
        copies = hook_of(runner)._copies
        assert copies.shape[1] > 0 and len(set(copies[1].tolist())) == 1
        kept = NAMES[copies[1, 0]]
        masked = Counter((int(i), tuple(n for n in NAMES if n != kept)) for i in copies[0])
        drawn = Counter({(i, ()): 1 for i in range(SIZE)}) + masked
        assert draws_of(recorder, 1) == drawn

    @pytest.mark.parametrize('zero', [dict(thresholds=()), dict(level='modality', alpha=0.0),
                                      dict(warmup=9)], ids=['sample', 'modality', 'warmup'])
    def test_without_copies_it_is_plain_training_bit_for_bit(self, tmp_path, zero):
        made, plain = noisy(tmp_path / 'zero', epochs=3), noisy(tmp_path / 'plain', epochs=3)
        made['custom_hooks'][1] = smv(**{'warmup': 0, **zero})
        del plain['custom_hooks'][1]
        for each in (made, plain):
            each['default_hooks']['checkpoint'] = None
        (left, order, _), (right, same, _) = run(made), run(plain)
        assert order == same
        assert_equal(weights(left), weights(right))
        assert left.max_iters == right.max_iters

    def test_accumulation_ends_with_the_last_batch(self, tmp_path):
        made = config(tmp_path, smv(), epochs=3, every_iter=False)
        made['optim_wrapper']['accumulative_counts'] = 4
        runner, batches, _ = run(made)
        wrapper = runner.optim_wrapper
        assert wrapper._max_counts == wrapper._inner_count == len(batches)
        assert wrapper._remainder_counts == len(batches) % 4


class TestRefusals:

    @pytest.mark.parametrize('options, message', [
        (dict(level='samples'), "Unknown level 'samples'. Did you mean 'sample'?"),
        (dict(warmup=-1), '`warmup` and `alpha` must not be negative, but got -1 and 1.0.'),
        (dict(alpha=-.5), '`warmup` and `alpha` must not be negative, but got 1 and -0.5.'),
        (dict(share=0), r'`share` must lie in \(0, 1\], but got 0')])
    def test_arguments(self, options, message):
        with pytest.raises(ValueError, match=message):
            SMVHook(**{'warmup': 1, **options})

    def test_another_hook_that_plans(self, tmp_path):
        made = config(tmp_path, smv())
        made['custom_hooks'][0] = BSS_L
        with pytest.raises(ValueError, match='One hook can plan the epochs, but `custom_hooks` has '
                           'SMVHook and BSSHook'):
            run(made)

    def test_nobody_keeps_the_place(self, tmp_path):
        made = config(tmp_path, smv())
        del made['custom_hooks'][0]
        with pytest.raises(ValueError, match='SMVHook needs one ResumeOrderHook.* has 0'):
            run(made)

    def test_another_loop(self, tmp_path):
        made = config(tmp_path, smv(), train_cfg=dict(by_epoch=True, max_epochs=1))
        with pytest.raises(TypeError, match='the training loop is a EpochBasedTrainLoop'):
            run(made)

    def test_a_schedule_that_takes_epochs_to_be_equal(self, tmp_path):
        schedule = [dict(type='CosineAnnealingLR', T_max=5, by_epoch=True,
                         convert_to_iter_based=True)]
        with pytest.raises(ValueError, match='equally long, but here they differ'):
            run(config(tmp_path, smv(), param_scheduler=schedule))

    def test_a_checkpoint_of_another_method(self, tmp_path):
        made = config(tmp_path / 'plain', epochs=1)
        run(made)
        with pytest.raises(ValueError, match='was saved without SMVHook'):
            run(config(tmp_path / 'smv', smv(), resume=True,
                       load_from=str(tmp_path / 'plain' / 'iter_2.pth')))
