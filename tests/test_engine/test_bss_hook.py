"""The hook in a real Runner: what it does, when, and what it refuses."""
import copy
import logging
import multiprocessing

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from projects.bss.engine import BSSHook
from projects.bss.engine.randomness import random_state
from projects.bss.functional import balance_score, multimodal_loss, prediction_similarity
from tests.toy import (BSS_H, BSS_L, VANILLA, build, deterministic_model_config, loader, run,
                       toy_config)

SIZE, BATCH = 20, 3


def the_hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, BSSHook))


def every_logit(runner):
    """Logits and labels of the training set in eval mode, read without any of our engine."""
    model, dataset = runner.model.eval(), runner.train_dataloader.dataset
    items = [dataset[i] for i in range(len(dataset))]
    data = model.data_preprocessor(pseudo_collate(items))
    with torch.no_grad():
        logits = model(data['inputs'], mode='tensor')['logits']
    labels = torch.cat([item['data_samples'].gt_labels.item for item in items])
    return {name: rows.cpu() for name, rows in logits.items()}, labels


def flatten(state):
    for value in state.values() if isinstance(state, dict) else state:
        if isinstance(value, (dict, tuple, list)):
            yield from flatten(value)
        else:
            yield value


def same(left, right):
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
               for a, b in zip(flatten(left), flatten(right), strict=True))


@HOOKS.register_module(force=True)
class WatchScoring(Hook):
    """Compare everything that scoring could touch before and after it."""

    priority = 'HIGH'  # before BSSHook

    def before_train_epoch(self, runner):
        model = runner.model
        list(model.children())[0].train(runner.epoch % 2 == 0)  # a mix of modes
        self.before = dict(weights=copy.deepcopy(dict(model.state_dict())),
                           modes=[m.training for m in model.modules()], random=random_state())


@HOOKS.register_module(force=True)
class WatchAfterScoring(Hook):
    """Second half of WatchScoring."""

    priority = 'NORMAL'  # after BSSHook

    def __init__(self):
        self.checked = []

    def before_train_epoch(self, runner):
        before = next(h for h in runner.hooks if isinstance(h, WatchScoring)).before
        model = runner.model
        self.checked.append(
            same(before, dict(weights=dict(model.state_dict()),
                              modes=[m.training for m in model.modules()], random=random_state()))
            and all(p.grad is None or not p.grad.any() for p in model.parameters()))


@pytest.mark.parametrize('measurer', [None, dict(type='BalanceMeasurer',
                                                 information='GradientMagnitude')])
def test_scoring_leaves_weights_buffers_modes_gradients_and_random_streams_alone(
        tmp_path, measurer):
    hook = dict(BSS_L, measurer=measurer, scheduler=dict(type='LearningBasedScheduler', interval=1))
    hook['scoring'] = dict(pipeline=[dict(type='PackVectors', noise=1.0)])
    watch = [hook, dict(type='WatchScoring'), dict(type='WatchAfterScoring')]
    runner, _ = run(toy_config(tmp_path, epochs=3, custom_hooks=watch))
    assert next(h for h in runner.hooks if isinstance(h, WatchAfterScoring)).checked == [True] * 3


def test_scores_are_equations_4_to_6_of_the_eval_mode_logits(tmp_path):
    runner, _ = run(toy_config(tmp_path, dict(BSS_L, scheduler=dict(
        type='LearningBasedScheduler', interval=5, beta=0.6)), epochs=1))
    hook = the_hook(runner)
    fresh, _ = build(toy_config(tmp_path))
    logits, labels = every_logit(_with_loaders(fresh))
    similarity, loss = prediction_similarity(logits), multimodal_loss(logits, labels)
    torch.testing.assert_close(hook.table.correlation, similarity, atol=1e-6, rtol=0)
    torch.testing.assert_close(hook.table.information, loss, atol=1e-6, rtol=0)
    torch.testing.assert_close(hook.table.score, balance_score(similarity, loss), atol=1e-5,
                               rtol=0)


def _with_loaders(runner):
    """A runner with the initial weights and loaders of a run, without training."""
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner._init_model_weights()
    return runner


def test_momentum_joins_scorings_of_due_epochs(tmp_path):
    hook = dict(BSS_L, scheduler=dict(type='LearningBasedScheduler', interval=2, beta=0.6))
    seen = {}

    @HOOKS.register_module(force=True)
    class KeepScores(Hook):
        priority = 'NORMAL'

        def before_train_epoch(self, runner):
            table = the_hook(runner).table
            seen[runner.epoch] = (table.score.clone(), balance_score(table.correlation,
                                                                     table.information))

    run(toy_config(tmp_path, epochs=5, custom_hooks=[hook, dict(type='KeepScores')]))
    scores = [seen[epoch][0] for epoch in range(5)]
    fresh = [seen[epoch][1] for epoch in range(5)]
    assert torch.equal(scores[0], scores[1]) and torch.equal(scores[2], scores[3])
    torch.testing.assert_close(scores[0], fresh[0])
    torch.testing.assert_close(scores[2], 0.4 * scores[0] + 0.6 * fresh[2])
    torch.testing.assert_close(scores[4], 0.4 * scores[2] + 0.6 * fresh[4])
    assert not torch.allclose(scores[2], scores[4])


def frozen(config):
    """No learning, no dropout and no running statistics: every epoch sees the same model."""
    config['optim_wrapper'] = dict(optimizer=dict(type='SGD', lr=0.0))
    config['model'] = deterministic_model_config()
    return config


def test_harvested_scores_equal_those_of_the_pass_when_the_model_is_frozen(tmp_path):
    tables = {}
    for source in ('pass', 'train'):
        hook = dict(BSS_L, source=source,
                    scheduler=dict(type='LearningBasedScheduler', interval=1))
        runner, _ = run(frozen(toy_config(tmp_path / source, hook, epochs=3)))
        tables[source] = the_hook(runner).table
    for column in ('correlation', 'information', 'score'):
        torch.testing.assert_close(getattr(tables['train'], column),
                                   getattr(tables['pass'], column), atol=1e-6, rtol=0)
    assert tables['train'].age.tolist() == [1] * SIZE


def test_the_head_criterion_equals_the_exact_gradient_of_the_heads(tmp_path):
    scores = {}
    for name in ('GradientMagnitude', 'HeadGradientMagnitude'):
        hook = dict(BSS_L, measurer=dict(type='BalanceMeasurer', information=name))
        config = frozen(toy_config(tmp_path / name, hook, epochs=1))
        runner, _ = build(config)
        for encoder in runner.model.encoders.values():
            encoder.requires_grad_(False)
        runner.train()
        scores[name] = the_hook(runner).table.information
    torch.testing.assert_close(*scores.values(), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('correlation', ['PredictionSimilarity', 'FeatureSimilarity', None])
@pytest.mark.parametrize('information', ['TrainingLoss', 'GradientMagnitude',
                                         'HeadGradientMagnitude', None])
def test_every_pairing_of_criteria_runs(tmp_path, correlation, information):
    if correlation is None and information is None:
        with pytest.raises(ValueError, match='both are None'):
            BSSHook(dict(type='HeuristicScheduler'),
                    dict(type='BalanceMeasurer', correlation=None, information=None))
        return
    measurer = dict(type='BalanceMeasurer', correlation=correlation, information=information)
    runner, _ = run(toy_config(tmp_path, dict(BSS_H, measurer=measurer), epochs=1))
    table = the_hook(runner).table
    assert table.scored and table.score.abs().max() <= 1 and len(table.score.unique()) > 10
    assert bool(table.correlation.isnan().all()) == (correlation is None)
    assert bool(table.information.isnan().all()) == (information is None)


class TestOrders:

    def batches(self, folder, hook, **overrides):
        return run(toy_config(folder, hook, **overrides))[1]

    def test_with_the_whole_set_from_the_start_bss_h_is_plain_training_bit_for_bit(self, tmp_path):
        whole_set = dict(BSS_H, scheduler=dict(type='HeuristicScheduler', pacing=dict(
            type='root', lambda_0=1)))
        with_bss, order = run(toy_config(tmp_path / 'bss', whole_set))
        plain_config = toy_config(tmp_path / 'plain', None)
        plain_config['train_dataloader']['sampler'] = dict(type='DefaultSampler', shuffle=True)
        plain_config['train_cfg'] = dict(by_epoch=True, max_epochs=5)
        _, plain_order = run(plain_config)
        vanilla, vanilla_order = run(toy_config(tmp_path / 'vanilla', VANILLA))
        assert order == plain_order == vanilla_order
        assert same(with_bss.model.state_dict(), vanilla.model.state_dict())

    def test_switching_bss_on_leaves_other_random_streams_alone(self, tmp_path):
        """In somebody's run with mmengine's own parts, BSS-H over the whole set changes nothing."""
        states = []
        for hook in (None, dict(BSS_H, scheduler=dict(type='HeuristicScheduler', pacing=dict(
                type='root', lambda_0=1)))):
            config = toy_config(tmp_path / str(len(states)), hook,
                                train_cfg=dict(by_epoch=True, max_epochs=3))
            states.append(run(config)[0].model.state_dict())
        assert same(*states)

    def test_bss_h_visits_the_most_balanced_share(self, tmp_path):
        runner, batches = run(toy_config(tmp_path, BSS_H))
        ranking = the_hook(runner).table.score.argsort(descending=True).tolist()
        for epoch, count in enumerate([8, 11, 14, 17, 20]):
            visited = [i for e, batch in batches for i in batch if e == epoch]
            assert sorted(visited) == sorted(ranking[:count])

    def test_burn_in_shuffles_plainly_first(self, tmp_path):
        burn_in = self.batches(tmp_path / 'a', dict(BSS_H, burn_in=2), epochs=6)
        vanilla = self.batches(tmp_path / 'b', VANILLA, epochs=6)
        assert burn_in[:14] == vanilla[:14]
        assert [sum(len(b) for e, b in burn_in if e == epoch) for epoch in range(6)] == [
            20, 20, 8, 11, 14, 17]


class TestEpochsOfDifferentLength:

    def test_iterations_time_left_and_schedules(self, tmp_path):
        lrs, etas = [], []

        @HOOKS.register_module(force=True)
        class KeepRates(Hook):
            priority = 'LOWEST'

            def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
                lrs.append(runner.optim_wrapper.get_lr()['lr'][0])
                etas.append(runner.message_hub.get_info('eta'))

        schedule = [dict(type='LinearLR', start_factor=0.5, by_epoch=False, end=4),
                    dict(type='MultiStepLR', milestones=[3], by_epoch=True)]
        runner, batches = run(toy_config(tmp_path, custom_hooks=[BSS_H, dict(type='KeepRates')],
                                         param_scheduler=schedule))
        # 8, 11, 14, 17 and 20 samples in batches of three.
        assert runner.max_iters == runner.iter == len(batches) == 3 + 4 + 5 + 6 + 7
        assert runner.message_hub.get_info('max_iters') == 25
        assert etas[-1] == 0 and all(eta > 0 for eta in etas[:-1])
        assert lrs[3:12] == pytest.approx([0.05] * 9)
        assert lrs[12:] == pytest.approx([0.005] * 13, rel=1e-6)

    def test_default_end_of_an_iteration_schedule_is_the_real_end(self, tmp_path):
        schedule = [dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False)]
        runner, _ = run(toy_config(tmp_path, BSS_H, param_scheduler=schedule))
        assert runner.param_schedulers[0].end == 25

    def test_drop_last_and_accumulation(self, tmp_path):
        config = toy_config(tmp_path, BSS_H)
        config['train_dataloader']['drop_last'] = True
        config['optim_wrapper']['accumulative_counts'] = 4
        runner, batches = run(config)
        assert runner.max_iters == runner.iter == len(batches) == 2 + 3 + 4 + 5 + 6
        assert runner.optim_wrapper._max_counts == 20

    def test_an_epoch_without_a_batch_is_refused(self, tmp_path):
        config = toy_config(tmp_path, dict(BSS_H, scheduler=dict(
            type='HeuristicScheduler', pacing=dict(lambda_0=0.1))))
        config['train_dataloader']['drop_last'] = True
        with pytest.raises(ValueError, match='Epoch 1 would have no batch.*raise `lambda_0`'):
            run(config)

    def test_equal_updates(self, tmp_path):
        scheduler = dict(BSS_H['scheduler'], equal_updates=True)
        runner, batches = run(toy_config(tmp_path, dict(BSS_H, scheduler=scheduler)))
        assert runner.max_iters == len(batches) == 35
        first = [i for epoch, batch in batches for i in batch if epoch == 0]
        assert len(first) == 20 and len(set(first)) == 8

    def test_converted_schedules_are_refused(self, tmp_path):
        schedule = [dict(type='CosineAnnealingLR', T_max=5, by_epoch=True,
                         convert_to_iter_based=True)]
        with pytest.raises(ValueError, match='`convert_to_iter_based=True` of CosineAnnealingLR'):
            run(toy_config(tmp_path, BSS_H, param_scheduler=schedule))
        run(toy_config(tmp_path / 'equal', BSS_L, param_scheduler=schedule, epochs=1))


class TestUnreadableSamples:

    @pytest.mark.parametrize('source', ['pass', 'train'])
    def test_a_stand_in_never_writes_the_score_of_another(self, tmp_path, source):
        hook = dict(BSS_L, source=source)
        config = frozen(toy_config(tmp_path, hook, epochs=2))
        config['train_dataloader']['dataset']['unreadable'] = [4, 11]
        runner, _ = run(config)
        table = the_hook(runner).table
        assert table.unmeasured.tolist() == [4, 11]
        assert table.correlation[[4, 11]].isnan().all()
        assert table.score[[4, 11]].tolist() == [-1, -1]
        assert (table.age[[0, 1, 19]] >= 0).all()

    def test_they_are_named_in_the_log(self, tmp_path, caplog):
        config = toy_config(tmp_path, BSS_L, epochs=1)
        config['train_dataloader']['dataset']['unreadable'] = [4]
        runner, _ = build(config)
        runner.logger.addHandler(caplog.handler)
        runner.train()
        assert '1 training samples were never measured and count as least balanced: positions [4]' \
            in caplog.text

    def test_positions_under_concatenation(self, tmp_path):
        config = toy_config(tmp_path, BSS_L, epochs=1)
        part = config['train_dataloader']['dataset']
        config['train_dataloader']['dataset'] = dict(
            type='ConcatDataset', datasets=[
                dict(part, size=6), dict(part, size=5, data_seed=9, unreadable=[2])])
        runner, _ = run(config)
        assert the_hook(runner).table.unmeasured.tolist() == [8]


class TestRefusals:

    def refuse(self, tmp_path, error, message, **overrides):
        config = toy_config(tmp_path, epochs=1)
        config.update(overrides)
        with pytest.raises(error, match=message):
            run(config)

    def test_another_sampler(self, tmp_path):
        plain = loader(SIZE, BATCH, True)
        plain['sampler'] = dict(type='DefaultSampler', shuffle=True)
        self.refuse(tmp_path, TypeError, 'steers a BalanceSampler, but the sampler of the training '
                    'loader is a DefaultSampler', train_dataloader=plain)
        self.refuse(tmp_path, TypeError, "sampler=dict\\(type='BalanceSampler'",
                    train_dataloader=plain, train_cfg=dict(by_epoch=True, max_epochs=1))

    def test_an_iteration_based_loop(self, tmp_path):
        self.refuse(tmp_path, TypeError, 'BSS needs epochs, but the training loop is a '
                    'IterBasedTrainLoop',
                    train_cfg=dict(type='IterBasedTrainLoop', max_iters=4, val_interval=100))

    def test_a_model_without_unimodal_logits(self, tmp_path):
        config = toy_config(tmp_path)
        unimodal = dict(type='UnimodalClassifier', encoder=dict(type='ToyEncoder', width=6),
                        modality='rgb', num_classes=3, in_channels=4,
                        data_preprocessor=config['model']['data_preprocessor'])
        self.refuse(tmp_path, ValueError, 'at least two modalities', model=unimodal)

    def test_probe_paths_that_do_not_exist(self, tmp_path):
        hook = dict(BSS_L, probe=dict(logits=dict(rgb='head.classifiers.rgbb',
                                                  flow='head.classifiers.flow')))
        self.refuse(tmp_path, KeyError, "Unknown module of MultiModalClassifier "
                    "'head.classifiers.rgbb'. Did you mean 'head.classifiers.rgb'",
                    custom_hooks=[hook])

    def test_a_probe_of_one_modality(self, tmp_path):
        hook = dict(BSS_L, probe=dict(logits=dict(rgb='head.classifiers.rgb')))
        self.refuse(tmp_path, ValueError, 'at least two modalities', custom_hooks=[hook])

    @pytest.mark.parametrize('arguments, message', [
        (dict(source='training'), "Unknown source 'training'. Did you mean 'train'"),
        (dict(burn_in=-1), '`burn_in` must not be negative, but got -1'),
        (dict(scoring=dict(mode='evl')), "Did you mean 'eval'"),
        (dict(scoring=dict(dtype='float')), "Did you mean 'float16'"),
        (dict(scoring=dict(dtype=torch.bfloat16)), "Did you mean 'bfloat16'"),
        (dict(scoring=dict(pipelin=None)), "Unknown scoring option 'pipelin'. Did you mean 'pipe"),
        (dict(scoring=dict(batch_size=0)), '`scoring.batch_size` must be at least 1, but got 0'),
        (dict(source='train', measurer=dict(type='BalanceMeasurer',
                                            information='GradientMagnitude')),
         'cannot measure GradientMagnitude'),
    ])
    def test_arguments(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            BSSHook(dict(type='LearningBasedScheduler'), **arguments)


def test_options_of_the_pass_do_not_hinder_harvesting():
    hook = BSSHook(dict(type='LearningBasedScheduler'), source='train', scoring=dict(mode='eval'))
    assert hook.first_planned_epoch == 1


def test_a_probe_reads_the_same_as_the_model_itself(tmp_path):
    scores = []
    paths = {name: f'head.classifiers.{name}' for name in ('rgb', 'flow', 'depth')}
    for probe in (None, dict(logits=paths, fused='head.classifiers.fused')):
        runner, _ = run(toy_config(tmp_path / str(len(scores)), dict(BSS_L, probe=probe), epochs=3))
        scores.append(the_hook(runner).table.score)
    assert torch.equal(*scores)


def test_scoring_mode_train_is_the_authors(tmp_path):
    """Batch statistics decide the scores, and the running ones move: what their code does."""
    hooks = [dict(BSS_L, scoring=dict(mode=mode, batch_size=5)) for mode in ('eval', 'train')]
    tables = [the_hook(run(toy_config(tmp_path / str(i), hook, epochs=1))[0]).table
              for i, hook in enumerate(hooks)]
    assert not torch.allclose(tables[0].correlation, tables[1].correlation)


def test_a_pass_in_half_precision_scores_nearly_the_same(tmp_path):
    """Bfloat16 has a resolution of 0.8 %; criteria are kept in float32, as is training."""
    hooks = [dict(BSS_L, scoring=dict(dtype=dtype)) for dtype in (None, 'bfloat16')]
    runners = [run(toy_config(tmp_path / str(i), hook, epochs=1))[0]
               for i, hook in enumerate(hooks)]
    full, half = (the_hook(runner).table.information for runner in runners)
    assert half.dtype == torch.float32 and not torch.equal(half, full)
    torch.testing.assert_close(half, full, atol=0.05, rtol=0)
    assert all(value.dtype == torch.float32 for value in runners[1].model.parameters())


def test_scores_do_not_depend_on_the_number_of_batches_of_a_pass(tmp_path):
    tables = []
    for batch_size in (SIZE, 1):  # values are read after the last batch, or after 16 of 20 too
        dataset = dict(loader(SIZE, BATCH, True, unreadable=(3, 17)))
        runner, _ = run(toy_config(
            tmp_path / str(batch_size), dict(BSS_L, scoring=dict(batch_size=batch_size)), epochs=1,
            train_dataloader=dataset))
        tables.append(the_hook(runner).table)
    whole, single = tables
    torch.testing.assert_close(single.correlation, whole.correlation, atol=1e-6, rtol=0,
                               equal_nan=True)
    torch.testing.assert_close(single.information, whole.information, atol=1e-6, rtol=0,
                               equal_nan=True)
    for table in tables:
        lost = [row for row in range(SIZE) if not table.correlation[row].isfinite()]
        assert lost == [3, 17]


@pytest.mark.parametrize('options, batch_size', [
    (dict(), 6), (dict(scoring=dict(batch_size=5)), 5),
    (dict(measurer=dict(type='BalanceMeasurer', correlation='GradientMagnitude')), 3)])
def test_a_pass_reads_two_training_batches_at_once(tmp_path, options, batch_size):
    """The validation loader reads four; what needs gradients gets the room of one batch."""
    runner, _ = run(toy_config(tmp_path, dict(BSS_L, **options), epochs=1))
    assert the_hook(runner).source.loader.batch_size == batch_size


@HOOKS.register_module(force=True)
class CountWorkers(Hook):
    """Count the worker processes that live while an epoch is trained."""

    def __init__(self):
        self.counts = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == 0:
            self.counts.append(len(multiprocessing.active_children()))


@pytest.mark.parametrize('hook, persistent, counts', [
    (BSS_L, True, [2, 2, 1, 1]), (BSS_L, False, [1, 1, 1, 1]), (BSS_H, True, [1, 1, 1, 1])])
def test_workers_of_the_pass_wait_for_the_next_one(tmp_path, hook, persistent, counts):
    """One worker trains; that of the pass lives until the last scoring, before the third epoch."""
    config = toy_config(tmp_path, hook, epochs=4, num_workers=1)
    config['train_dataloader']['persistent_workers'] = persistent
    config['custom_hooks'].append(dict(type='CountWorkers'))
    runner, _ = run(config)
    assert next(h for h in runner.hooks if isinstance(h, CountWorkers)).counts == counts


@HOOKS.register_module(force=True)
class StopAfterOneEpoch(Hook):
    """End a run as EarlyStoppingHook does."""

    def after_train_epoch(self, runner):
        runner.train_loop.stop_training = True


def test_workers_of_the_pass_end_with_a_run_that_stops_early(tmp_path):
    config = toy_config(tmp_path, BSS_L, epochs=4, num_workers=1)
    config['custom_hooks'].append(dict(type='StopAfterOneEpoch'))
    runner, _ = run(config)
    assert runner.epoch == 1
    runner.train_dataloader._iterator = None
    assert not multiprocessing.active_children()


def test_log_lines_tell_what_changed(tmp_path, caplog):
    runner, _ = build(toy_config(tmp_path, BSS_H, epochs=2, log_level='INFO'))
    runner.logger.addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    runner.train()
    assert 'BSS epoch 1: order ' in caplog.text and 'share 0.4' in caplog.text
    assert 'share 0.55, entropy 1, effective_samples 11' in caplog.text
    assert '% of the training time' in caplog.text


def test_labels_of_two_classes_per_sample_are_refused(tmp_path):
    from mmaction.structures import ActionDataSample

    from projects.bss.engine.scoring import labels_of
    mixed = ActionDataSample().set_gt_labels([1, 2])
    with pytest.raises(ValueError, match='one class per sample, but a data sample has 2 label'):
        labels_of([mixed])
    assert labels_of([ActionDataSample().set_gt_labels(2)]).tolist() == [2]


def test_several_rows_per_sample_are_averaged():
    from projects.bss.engine.probe import _per_sample
    rows = torch.tensor([[1., 2], [3, 4], [5, 6], [7, 8]])
    assert _per_sample('rgb', rows, 2).tolist() == [[2, 3], [6, 7]]
    with pytest.raises(RuntimeError, match="'rgb' has 4 rows for a batch of 3 samples"):
        _per_sample('rgb', rows, 3)
