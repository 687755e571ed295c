"""Two real processes (gloo) do what one does: scores, order, metrics, resuming."""
import json
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from projects.bss.engine import BSSHook
from tests.toy import BSS_L, WIDTHS, build, loader, model_config, run, toy_config

ROOT = Path(__file__).resolve().parents[2]
SIZE, BATCH, EPOCHS = 19, 3, 3
PER_EPOCH = math.ceil(10 / BATCH)  # 19 samples are ten on each of two ranks
TESTED = dict(test_dataloader=loader(7, 4, False, data_seed=1), test_cfg=dict(),
              test_evaluator=dict(type='MultiModalMetric'))
EVERY_EPOCH = dict(type='LearningBasedScheduler', interval=1)


def config(folder, hook=BSS_L, lr=0.05, epochs=EPOCHS, **overrides):
    """A toy run without dropout and BatchNorm, whose ranks may differ in nothing."""
    model = model_config()
    model['encoders'] = {name: dict(type='MLPEncoder', in_channels=width, hidden=[8],
                                    out_channels=4) for name, width in WIDTHS.items()}
    return toy_config(folder, hook, SIZE, BATCH, epochs, model=model, optim_wrapper=dict(
        optimizer=dict(type='SGD', lr=lr, momentum=0.9)), **overrides)


def frozen(folder, source):
    """No learning: one and two processes must score the same in every epoch."""
    return config(folder, dict(BSS_L, source=source, scheduler=EVERY_EPOCH), lr=0.0)


def steered(**sampler):
    made = loader(SIZE, BATCH, True)
    made['sampler'].update(sampler)
    return dict(train_dataloader=made)


def runs_of(folder):
    """Every run of the two processes; one resumes from what another has saved."""
    hot = dict(BSS_L, scheduler=dict(type='LearningBasedScheduler', temperature=.1))
    resumed = {f'resumed{cut}': dict(config=config(folder / f'resumed{cut}', resume=True,
                                                   load_from=str(folder / f'whole/iter_{cut}.pth')))
               for cut in (PER_EPOCH - 1, PER_EPOCH, 2 * PER_EPOCH + 1)}
    return {
        'pass': dict(config=frozen(folder / 'pass', 'pass')),
        'train': dict(config=frozen(folder / 'train', 'train')),
        'whole': dict(config=config(folder / 'whole')),
        **resumed,
        # A folder of its own for each rank: the files in it are those that this rank has written.
        'tested': dict(config=config(folder / 'tested0', epochs=1, **TESTED),
                       rank1=dict(work_dir=str(folder / 'tested1'))),
        'other_seed': dict(config=config(folder / 'seed'), rank1=steered(seed=6)),
        'other_scores': dict(config=config(folder / 'hot'), rank1=dict(custom_hooks=[hot])),
    }


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('distributed')


@pytest.fixture(scope='module')
def ranks(folder):
    """What each of two processes told about each run."""
    (folder / 'runs.json').write_text(json.dumps(runs_of(folder)))
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, Path(__file__).with_name('gloo_worker.py'),
                                 str(rank), '2', folder], cwd=folder, env=environment, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]


def the_hook(runner):
    return next(hook for hook in runner.hooks if isinstance(hook, BSSHook))


def visited(batches, epoch):
    return sum((positions for at, positions in batches if at == epoch), [])


def interleaved(ranks, name, epoch):
    """The global order that the ranks' orders are strides of, with its padded tail."""
    shares = [visited(rank[name]['batches'], epoch) for rank in ranks]
    return [position for pair in zip(*shares, strict=True) for position in pair]


@pytest.mark.parametrize('source', ['pass', 'train'])
def test_two_processes_score_and_order_as_one(ranks, tmp_path, source):
    runner, batches = run(frozen(tmp_path, source))
    alone = the_hook(runner).table.state_dict()
    for rank in ranks:
        for name, column in alone.items():
            torch.testing.assert_close(rank[source]['table'][name], column, atol=1e-6, rtol=0,
                                       msg=lambda text: f'{name}: {text}')
    for epoch in range(EPOCHS):
        order = visited(batches, epoch)
        assert interleaved(ranks, source, epoch) == order + order[:1]


def test_training_finishes_with_equal_weights_and_orders_on_all_ranks(ranks, tmp_path):
    first, second = (rank['whole'] for rank in ranks)
    assert first['iterations'] == first['max_iters'] == EPOCHS * PER_EPOCH
    assert first['order_hash'] == second['order_hash']
    assert interleaved(ranks, 'whole', EPOCHS - 1)[:SIZE] == first['order'].tolist()
    assert all(torch.equal(value, second['weights'][name])
               for name, value in first['weights'].items())
    untrained, _ = build(config(tmp_path))
    assert not torch.equal(first['weights']['head.classifiers.rgb.weight'],
                           untrained.model.head.classifiers['rgb'].weight)


def test_metrics_are_those_of_one_process(ranks, folder, tmp_path):
    """Seven validation samples: the ranks' shares differ, and one sample is padded."""
    checkpoint = folder / 'whole' / f'iter_{EPOCHS * PER_EPOCH}.pth'
    runner, _ = build(config(tmp_path, load_from=str(checkpoint)))
    alone = runner.val()
    assert ranks[0]['whole']['metrics'] == ranks[1]['whole']['metrics'] == in_float32(alone)
    assert {'acc/rgb', 'acc/fused', 'map/fused'} <= set(alone)


def test_one_rank_alone_writes_the_results_of_a_test(ranks):
    (written, ) = ranks[0]['tested']['results']
    metrics = json.loads(written)
    assert {name: metrics[name] for name in ranks[0]['tested']['metrics']} == in_float32(
        ranks[0]['tested']['metrics'])
    assert ranks[1]['tested']['results'] == []


@pytest.mark.parametrize('cut', [PER_EPOCH - 1, PER_EPOCH, 2 * PER_EPOCH + 1])
def test_two_processes_resume_exactly(ranks, cut):
    for rank in ranks:
        resumed, whole = rank[f'resumed{cut}'], rank['whole']
        assert resumed['batches'] == whole['batches'][cut:]
        assert all(torch.equal(value, whole['weights'][name])
                   for name, value in resumed['weights'].items())


@pytest.mark.parametrize('cut', [1, PER_EPOCH - 1, PER_EPOCH + 2])
def test_one_process_goes_on_in_the_order_of_two(ranks, folder, tmp_path, cut):
    epoch, done = divmod(cut, PER_EPOCH)
    _, batches = run(config(tmp_path, resume=True, load_from=str(folder / f'whole/iter_{cut}.pth')))
    order = interleaved(ranks, 'whole', epoch)[:SIZE]
    assert visited(batches, epoch) == order[2 * BATCH * done:]
    assert sorted(visited(batches, EPOCHS - 1)) == list(range(SIZE))


@pytest.mark.parametrize('name', ['other_seed', 'other_scores'])
def test_ranks_that_disagree_stop(ranks, name):
    for rank in ranks:
        assert 'The ranks disagree about the order of the epoch' in rank[name]['error']
        assert rank[name]['error'].endswith('they must have the same data, seed and scores.')


def in_float32(metrics):
    """Logits of batches of another size are rounded differently."""
    return pytest.approx(metrics, rel=1e-6)


def tool(folder, *arguments, processes):
    """Run a command line tool in a process, or in several under torchrun."""
    launcher = ['-m', 'torch.distributed.run', '--standalone', f'--nproc_per_node={processes}']
    command = [sys.executable, *(launcher if processes > 1 else []),
               str(ROOT / 'tools' / arguments[0]), *map(str, arguments[1:]),
               *(['--launcher', 'pytorch'] if processes > 1 else [])]
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_command_line_tools_under_torchrun(tmp_path):
    made = config('run', find_unused_parameters=True, **TESTED,
                  custom_imports=dict(imports=['tests.toy'], allow_failed_imports=False))
    Config(made).dump(tmp_path / 'toy.py')
    tool(tmp_path, 'train.py', 'toy.py', processes=2)
    checkpoint = f'run/iter_{EPOCHS * PER_EPOCH}.pth'
    for processes in (1, 2):
        tool(tmp_path, 'test.py', 'toy.py', checkpoint, '--work-dir', f'test{processes}',
             '--dump', f'{processes}.pkl', processes=processes)
    one, two = (metrics_of(tmp_path / f'test{processes}') for processes in (1, 2))
    assert two == in_float32(one) and 'acc/fused' in one
    alone, shared = (pickle.loads((tmp_path / f'{n}.pkl').read_bytes()) for n in (1, 2))
    assert len(alone) == len(shared) == 7
    for left, right in zip(alone, shared):
        assert left['sample_idx'] == right['sample_idx']
        torch.testing.assert_close(left['pred_scores']['fused'], right['pred_scores']['fused'])


def metrics_of(work_dir):
    """Metrics of the newest log of a test."""
    (written, ) = work_dir.glob('*/*.json')
    return {name: value for name, value in json.loads(written.read_text()).items()
            if not name.endswith('time')}
