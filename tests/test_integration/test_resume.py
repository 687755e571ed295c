"""A resumed run is the uninterrupted run: same order, same weights, at every cut."""
from pathlib import Path

import pytest
import torch

from tests.toy import BSS_L, VANILLA, loader, model_config, run, toy_config

SIZE, BATCH, EPOCHS = 8, 3, 5
HARVEST = dict(BSS_L, source='train', scheduler=dict(type='LearningBasedScheduler', interval=2))
BSS_H = dict(type='BSSHook', scheduler=dict(
    type='HeuristicScheduler', pacing=dict(type='linear', t_grow=4, lambda_0=0.25)))
BURN_IN = dict(BSS_L, burn_in=1)


def config(folder, hook, workers=0, noise=0.0, persistent=False, **overrides):
    made = toy_config(folder, hook, SIZE, BATCH, EPOCHS, **overrides)
    made['train_dataloader'] = loader(SIZE, BATCH, True, workers, noise)
    made['train_dataloader']['persistent_workers'] = persistent
    return made


def weights(runner):
    return {name: value.clone() for name, value in runner.model.state_dict().items()}


def check_cuts(folder, make, cuts=None):
    """Compare runs resumed after each of the given iterations with the uninterrupted one."""
    whole, batches = run(make(folder / 'whole'))
    final = weights(whole)
    for cut in cuts or range(1, len(batches) + 1):
        resumed, rest = run(dict(make(folder / f'cut{cut}'), resume=True,
                                 load_from=str(folder / 'whole' / f'iter_{cut}.pth')))
        assert rest == batches[cut:], f'order after iteration {cut}'
        for name, value in weights(resumed).items():
            assert torch.equal(value, final[name]), f'{name} after iteration {cut}'
        assert resumed.iter == whole.iter and resumed.epoch == whole.epoch
        assert resumed.max_iters == len(batches)


@pytest.mark.parametrize('hook, cuts', [(BSS_L, None), (HARVEST, None), (BSS_H, None),
                                        (BURN_IN, [2, 3, 4, 9]), (VANILLA, [2, 3, 14, 15])],
                         ids=['bss_l', 'harvest', 'bss_h', 'burn_in', 'vanilla'])
def test_cuts_with_dropout_and_random_augmentation(tmp_path, hook, cuts):
    check_cuts(tmp_path, lambda folder: config(folder, hook, noise=0.1), cuts)


@pytest.mark.parametrize('persistent', [False, True])
def test_cuts_with_worker_processes(tmp_path, persistent):
    check_cuts(tmp_path, lambda folder: config(folder, BSS_L, 2, persistent=persistent),
               cuts=[1, 5, 6, 8])


def test_epoch_checkpoints(tmp_path):

    def make(folder):
        return config(folder, BSS_L, noise=0.1, default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=True)))

    whole, batches = run(make(tmp_path / 'whole'))
    for epoch in (1, 2, 3, EPOCHS):
        resumed, rest = run(dict(make(tmp_path / f'cut{epoch}'), resume=True,
                                 load_from=str(tmp_path / 'whole' / f'epoch_{epoch}.pth')))
        assert rest == batches[3 * epoch:]
        assert all(torch.equal(a, b) for a, b in zip(weights(resumed).values(),
                                                     weights(whole).values()))


def test_a_run_cut_off_before_its_last_validation_validates(tmp_path):
    epochs = dict(default_hooks=dict(
        logger=dict(type='LoggerHook', interval=1000),
        checkpoint=dict(type='CheckpointHook', interval=1, save_best='acc/fused', rule='greater')))
    runner, _ = run(config(tmp_path / 'whole', BSS_L, **epochs))
    expected = runner.message_hub.get_scalar('val/acc/fused').data[0].tolist()
    assert len(expected) == 5
    saved = tmp_path / 'cut' / 'epoch_5.pth'
    saved.parent.mkdir()
    saved.write_bytes((tmp_path / 'whole' / 'epoch_5.pth').read_bytes())

    resumed, batches = run(config(tmp_path / 'cut', BSS_L, resume=True, load_from=str(saved),
                                  **epochs))
    assert batches == [] and resumed.epoch == 5
    assert resumed.message_hub.get_scalar('val/acc/fused').data[0].tolist() == expected
    assert torch.equal(weights(resumed)['head.classifiers.fused.weight'],
                       weights(runner)['head.classifiers.fused.weight'])


def test_the_number_of_workers_may_change(tmp_path):
    _, batches = run(config(tmp_path / 'whole', BSS_L, workers=2))
    _, rest = run(dict(config(tmp_path / 'cut', BSS_L), resume=True,
                       load_from=str(tmp_path / 'whole' / 'iter_7.pth')))
    assert rest == batches[7:]


def test_mmengines_own_loop_keeps_the_order_of_a_deterministic_model(tmp_path):

    def make(folder):
        return config(folder, BSS_L, model=model_config(dropout=0.0),
                      train_cfg=dict(by_epoch=True, max_epochs=EPOCHS))

    _, batches = run(make(tmp_path / 'whole'))
    for cut in (3, 7, 14):
        _, rest = run(dict(make(tmp_path / f'cut{cut}'), resume=True,
                           load_from=str(tmp_path / 'whole' / f'iter_{cut}.pth')))
        assert rest == batches[cut:]


def test_a_run_without_a_seed_resumes_too(tmp_path):

    def make(folder):
        return config(folder, BSS_L, randomness=dict(seed=None))

    _, batches = run(make(tmp_path / 'whole'))
    _, rest = run(dict(make(tmp_path / 'cut'), resume=True,
                       load_from=str(tmp_path / 'whole' / 'iter_8.pth')))
    assert rest == batches[8:]


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp('refusals')
    run(config(folder, BSS_L))
    return str(Path(folder) / 'iter_7.pth')


class TestRefusals:

    def resume(self, tmp_path, checkpoint, **dataset):
        made = dict(config(tmp_path, BSS_L), resume=True, load_from=checkpoint)
        made['train_dataloader']['dataset'].update(dataset)
        run(made)

    def test_another_length(self, tmp_path, checkpoint):
        with pytest.raises(ValueError, match='made on 8 training samples, but the data set has 9'):
            self.resume(tmp_path, checkpoint, size=9)

    def test_other_annotations(self, tmp_path, checkpoint):
        with pytest.raises(ValueError, match='made on other annotations .fingerprint'):
            self.resume(tmp_path, checkpoint, data_seed=3)

    def test_a_checkpoint_without_order(self, tmp_path):
        plain = toy_config(tmp_path / 'plain', None, SIZE, BATCH, 1)
        run(plain)
        with pytest.raises(ValueError, match='was saved without BSSHook'):
            self.resume(tmp_path / 'resumed', str(tmp_path / 'plain' / 'iter_2.pth'))

    def test_other_scheduler_settings_inside_an_epoch(self, tmp_path, checkpoint):
        other = dict(BSS_L, scheduler=dict(type='LearningBasedScheduler', temperature=0.1))
        with pytest.raises(RuntimeError, match='the plan .scores, scheduler settings'):
            run(dict(config(tmp_path, other), resume=True, load_from=checkpoint))


def test_loading_without_resuming_starts_afresh(tmp_path):
    _, batches = run(config(tmp_path / 'whole', BSS_L))
    _, again = run(dict(config(tmp_path / 'loaded', BSS_L),
                        load_from=str(tmp_path / 'whole' / 'iter_7.pth')))
    assert len(again) == len(batches)


def test_the_state_is_small_and_plain(tmp_path):
    run(config(tmp_path, BSS_L))
    state = torch.load(tmp_path / 'iter_7.pth', weights_only=True)['bss']
    assert set(state) == {'sampler', 'random', 'data', 'scores', 'scored_epoch'}
    assert set(state['scores']) == {'correlation', 'information', 'score', 'age'}
    assert all(len(column) == SIZE for column in state['scores'].values())
    assert state['sampler']['epoch'] == 2 and state['sampler']['cursor'] == 3
