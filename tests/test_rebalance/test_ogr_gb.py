"""OGR-GB: weights against hand numbers and against branches trained by a plain loop."""
import copy

import pytest
import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.registry import DATASETS, MODELS

from projects.bss.rebalance import blend_weights, overfitting_and_generalisation
from projects.bss.rebalance.branch_training import mean_of_streams, stream_losses
from tests.test_rebalance.probes import config, hook_of, run, same_weights, train
from tests.test_rebalance.validation_script import EVERY
from tests.toy import (BSS_L, VANILLA, WIDTHS, ToyModalities, build, deterministic_model_config,
                       loader, model_config)

BEFORE = torch.tensor([[2.0, 2.0, 2.0], [2.1, 2.2, 2.15]], dtype=torch.float64)
AFTER = torch.tensor([[1.0, 1.5, 0.6], [1.5, 1.9, 1.45]], dtype=torch.float64)
HOOK = dict(type='OGRGBHook', super_epoch=2)
STREAMS = (*WIDTHS, 'fused')


def sgd(lr=0.05):
    return dict(optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=0.01))


def weights_at_end(runner):
    return hook_of(runner, 'OGRGBHook').weights


def test_worked_example():
    overfitting, generalisation = overfitting_and_generalisation(BEFORE, AFTER)
    torch.testing.assert_close(overfitting, torch.tensor([.4, .2, .7], dtype=torch.float64))
    torch.testing.assert_close(generalisation, torch.tensor([.6, .3, .7], dtype=torch.float64))
    torch.testing.assert_close(
        blend_weights(overfitting, generalisation).float(),
        torch.tensor([0.295775, 0.591549, 0.112676]), atol=1e-6, rtol=0)


@pytest.mark.parametrize('overfitting, generalisation, expected', [
    ((.2, .1), (.4, .3), (.25, .75)),
    ((.2, .2, .2), (.3, .3, .3), (1 / 3, 1 / 3, 1 / 3)),
    ((.2, -.2), (.3, .3), (.5, .5)),
    ((.2, .1), (.3, -.5), (1, 0)),
    ((.2, .1), (-.3, 0.0), (.5, .5)),
    ((0.0, 1e-3), (.1, .1), (.5, .5)),  # the floor
    ((.2, float('nan')), (.3, -float('inf')), (1, 0))])
def test_blend_weights(overfitting, generalisation, expected):
    weights = blend_weights(torch.tensor(overfitting), torch.tensor(generalisation))
    torch.testing.assert_close(weights, torch.tensor(expected, dtype=torch.float32))


def test_scale_and_order_do_not_matter():
    increases = overfitting_and_generalisation(BEFORE, AFTER)
    scaled = overfitting_and_generalisation(7 * BEFORE, 7 * AFTER)
    order = torch.tensor([2, 0, 1])
    torch.testing.assert_close(blend_weights(*scaled), blend_weights(*increases))
    torch.testing.assert_close(blend_weights(*(part[order] for part in increases)),
                               blend_weights(*increases)[order])


def test_absent_modalities_do_not_count():
    losses = torch.tensor([[1.0, float('nan'), 3.0], [4.0, 5.0, 6.0]])
    there = torch.tensor([[True, False, True], [False, False, False]])
    assert mean_of_streams(losses, there).tolist() == [2.0, 0.0]


def test_a_sample_without_a_modality_counts_in_the_other_streams():
    model = MODELS.build(deterministic_model_config())
    found = [ActionDataSample().set_gt_labels(label) for label in (0, 1)]
    found[1].set_metainfo(dict(absent=('flow', )))
    inputs = {name: torch.ones(2, width) for name, width in WIDTHS.items()}
    losses, there = stream_losses(model, dict(inputs=inputs, data_samples=found), STREAMS)
    assert there.tolist() == [[True, True], [True, False], [True, True], [True, True]]
    expected = model(inputs, found, mode='loss')  # weighted by 0.2, and 0.8 the fused one
    for name, mean in zip(STREAMS, mean_of_streams(losses, there)):
        weight = 0.8 if name == 'fused' else 0.2
        torch.testing.assert_close(weight * mean, expected[f'loss_{name}'])


@DATASETS.register_module(force=True)
class NoteViews(ToyModalities):
    """Write down which views are asked for."""

    asked: list = []

    def seed_views(self, seed, epoch):
        self.asked.append((seed, epoch))


def test_branches_see_the_views_of_the_epochs_to_come(tmp_path):
    made = config(tmp_path, HOOK, epochs=2, size=3)
    made['train_dataloader']['dataset']['type'] = 'NoteViews'
    NoteViews.asked.clear()
    run(made)
    assert NoteViews.asked == [(5, 0), *[(5, 0), (5, 1), (5, 0)] * len(STREAMS), (5, 1)]


def samples(size, seed):
    """The toy data set as tensors."""
    dataset = ToyModalities(size=size, data_seed=seed, pipeline=[], serialize_data=False)
    labels = torch.tensor([dataset.get_data_info(i)['gt_label'] for i in range(size)])
    vectors = {name: torch.tensor([dataset.get_data_info(i)['vectors'][name]
                                   for i in range(size)]) for name in WIDTHS}
    return vectors, labels


def loss_of(model, stream, vectors, labels, rows):
    features = {name: model.encoders[name](vectors[name][rows]) for name in WIDTHS}
    features['fused'] = torch.cat([features[name] for name in WIDTHS], dim=1)
    return F.cross_entropy(model.head.classifiers[stream](features[stream]), labels[rows])


def branch_by_hand(model, stream, epochs, seed, size=20, batch=3):
    """Train a copy on one stream: mean losses, (training, validation), before and after."""
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
    train_set, val_set = samples(size, 0), samples(7, 1)

    def measure():
        with torch.no_grad():
            return [float(loss_of(model, stream, *data, slice(None)))
                    for data in (train_set, val_set)]

    before = measure()
    for epoch in range(epochs):
        order = torch.randperm(size, generator=torch.Generator().manual_seed(seed + epoch))
        for rows in order.split(batch):
            optimizer.zero_grad()
            loss_of(model, stream, *train_set, rows).backward()
            optimizer.step()
    return before, measure()


def test_weights_of_a_run_equal_those_of_a_plain_loop(tmp_path):
    # Momentum begins at zero in both, and the toy model has neither dropout nor BatchNorm.
    runner, _ = build(config(tmp_path, dict(HOOK, floor=0.2), optim_wrapper=sgd(), epochs=2,
                             model=deterministic_model_config()))
    model = copy.deepcopy(runner.model).cpu()
    train(runner)
    found = [branch_by_hand(model, stream, 2, seed=5) for stream in STREAMS]
    before, after = (torch.tensor([pair[i] for pair in found]).T for i in (0, 1))
    expected = blend_weights(*overfitting_and_generalisation(before, after), floor=0.2)
    torch.testing.assert_close(torch.tensor(list(weights_at_end(runner).values())), expected,
                               rtol=1e-3, atol=1e-5)
    assert list(weights_at_end(runner)) == list(STREAMS)
    assert expected.sort().values[1] > 0.02


def test_losses_are_multiplied_by_the_weights(tmp_path):
    plain, _ = run(config(tmp_path, epochs=1, size=3))
    blended, _ = run(config(tmp_path, HOOK, epochs=1, size=3))
    for name, weight in weights_at_end(blended).items():
        first, second = (float(r.message_hub.get_scalar(f'train/loss_{name}').data[0][0])
                         for r in (plain, blended))
        assert second == pytest.approx(weight * first, rel=1e-5)


@pytest.mark.parametrize('first', [VANILLA, BSS_L, dict(BSS_L, source='train')])
def test_the_run_notices_nothing(tmp_path, first):
    # Samples are noisy, the model has dropout and BatchNorm, and the last epochs are few.
    options = dict(first=first, epochs=3, optim_wrapper=sgd(), size=11, batch_size=4,
                   train_dataloader=loader(11, 4, True, noise=0.1))
    plain, plain_batches = run(config(tmp_path, **options))
    runner, batches = build(config(tmp_path, HOOK, **options))
    hook = hook_of(runner, 'OGRGBHook')
    hook.modify = lambda losses, outputs: losses  # estimated, but put aside
    train(runner)
    assert sum(hook.weights.values()) == pytest.approx(1)
    assert batches == plain_batches
    assert same_weights(plain, runner)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('ogr_gb')
    runner, _ = run(config(folder, HOOK, epochs=4, size=9, optim_wrapper=sgd(),
                           default_hooks=EVERY))
    return folder, runner


@pytest.mark.parametrize('iteration', [2, 3, 6, 7, 9])
def test_a_resumed_run_equals_the_uninterrupted_one(whole, tmp_path, iteration):
    folder, runner = whole
    resumed, _ = run(config(tmp_path, HOOK, epochs=4, size=9, optim_wrapper=sgd(), resume=True,
                            load_from=str(folder / f'iter_{iteration}.pth')))
    assert same_weights(runner, resumed)
    assert weights_at_end(runner) == weights_at_end(resumed)


def test_the_state_is_plain(whole):
    states = [torch.load(whole[0] / f'iter_{i}.pth', weights_only=True)['rebalance']['OGRGBHook']
              for i in (6, 7)]
    assert [state['estimated_epoch'] for state in states] == [0, 2]
    assert states[0]['weights'] != states[1]['weights']
    assert list(states[1]['weights']) == list(STREAMS)


def test_a_super_epoch_longer_than_the_run_is_estimated_once(tmp_path):
    offline, _ = run(config(tmp_path, dict(HOOK, super_epoch=50), epochs=2, size=6))
    online, _ = run(config(tmp_path, HOOK, epochs=2, size=6))
    assert weights_at_end(offline) == weights_at_end(online)


def test_scaled_losses_give_the_same_weights(whole, tmp_path):
    runner, _ = run(config(tmp_path, HOOK, epochs=4, size=9, optim_wrapper=dict(
        type='ScalingOptimWrapper', **sgd())))
    assert weights_at_end(runner) == weights_at_end(whole[1])


def test_accumulated_gradients(tmp_path):
    model = deterministic_model_config()
    ends = [weights_at_end(run(config(
        tmp_path, HOOK, model=model, epochs=2, size=8, batch_size=size,
        optim_wrapper=dict(sgd(), accumulative_counts=counts)))[0])
        for size, counts in ((4, 1), (1, 4))]
    assert ends[0] == pytest.approx(ends[1], rel=1e-3)


def test_two_modalities(tmp_path):
    runner, _ = run(config(tmp_path, HOOK, modalities=('rgb', 'flow'), epochs=1, size=6))
    assert list(weights_at_end(runner)) == ['rgb', 'flow', 'fused']


@pytest.mark.parametrize('options, message', [
    (dict(super_epoch=0), '`super_epoch` must be at least 1 epoch, but got 0'),
    (dict(floor=0.0), '`floor` must be above 0, but got 0.0')])
def test_wrong_arguments(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        build(config(tmp_path, dict(HOOK, **options)))


def test_a_head_without_unimodal_losses_is_refused(tmp_path):
    model = model_config()
    model['head'] = dict(type='SplitHead', num_classes=3, fused_channels=12)
    runner, _ = build(config(tmp_path, HOOK, model=model))
    with pytest.raises(ValueError, match='OGRGBHook needs a loss for each modality'):
        train(runner)
