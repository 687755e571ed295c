"""``tools/train.py`` under torch's elastic agent: any number of ranks, lost ranks, strategies."""
import contextlib
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from tests.test_integration.elastic_worker import report_of
from tests.toy import WIDTHS, loader, model_config, toy_config

ROOT = Path(__file__).resolve().parents[2]
SIZE, GLOBAL_BATCH, EPOCHS = 20, 8, 3
STEPS = EPOCHS * math.ceil(SIZE / GLOBAL_BATCH)
KILLED_AT = 4
ODD = 21
"""Samples of which one rank of two has eleven and would score one batch of five more."""
FLEXIBLE = dict(runner_type='FlexibleRunner', env_cfg=None)
DDP = dict(FLEXIBLE, strategy=dict(type='DDPStrategy'))
FSDP = dict(FLEXIBLE, strategy=dict(
    type='FSDPStrategy', state_dict_cfg='full',
    model_wrapper=dict(auto_wrap_policy=dict(type='size_based_auto_wrap_policy',
                                             min_num_params=20))))
LOST = 'Rank 0 of 2 has lost another rank, which was killed, has failed or does not answer'
REPLAY = dict(type='BalanceMeasurer', information='GradientMagnitude')


def config(processes, size=SIZE, measurer=None, lose=None, method=None, **overrides):
    """A run without dropout and BatchNorm, of equal global batches and an order of hot scores."""
    model = model_config()
    model['encoders'] = {name: dict(type='MLPEncoder', in_channels=width, hidden=[8],
                                    out_channels=4) for name, width in WIDTHS.items()}
    hooks = [dict(type='BSSHook', measurer=measurer, scoring=dict(batch_size=5), scheduler=dict(
        type='LearningBasedScheduler', interval=1, temperature=.1)), dict(type='LogBatches')]
    hooks += [dict(type='LoseRank', **lose)] if lose else []
    hooks += [method] if method else []
    made = toy_config('unused', None, size, GLOBAL_BATCH // processes, EPOCHS, model=model,
                      custom_hooks=hooks, find_unused_parameters=True, custom_imports=dict(
                          imports=['tests.toy', 'tests.test_integration.elastic_worker'],
                          allow_failed_imports=False))
    made['val_dataloader'] = loader(7, 2, False, data_seed=1)
    return {**made, **overrides}


def job(folder, name, processes=2, nodes=1, restarts=0, arguments=(), environment=(), **options):
    """Write a config; return what starts it."""
    path = folder / f'{name}.py'
    Config(config(processes * nodes, **options)).dump(path)
    return dict(name=name, processes=processes, nodes=nodes, restarts=restarts,
                environment=dict(environment), arguments=[
                    'train.py', str(path), '--work-dir', str(folder / name), *arguments])


def launch(folder, *jobs):
    """Run jobs one after the other; return how each ended."""
    (folder / 'jobs.json').write_text(json.dumps(jobs))
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    worker = Path(__file__).with_name('elastic_worker.py')
    process = subprocess.Popen([sys.executable, worker, folder], cwd=folder, env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        assert process.wait(timeout=900) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return json.loads((folder / 'ended.json').read_text())


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('launchers')


@pytest.fixture(scope='module')
def ended(folder):
    return launch(
        folder, job(folder, 'one', 1), job(folder, 'two'), job(folder, 'four', 4),
        job(folder, 'killed', restarts=1, arguments=['--resume'], lose=dict(step=KILLED_AT)),
        job(folder, 'fsdp', **FSDP))


@pytest.fixture(scope='module')
def ended_slowly(folder, ended):
    """Runs that go on from those of ``ended``, and those that fail."""

    def resume(name):
        return ['--resume', str(folder / name / f'iter_{KILLED_AT}.pth')]

    (folder / 'apart_0').mkdir()
    shutil.copy(folder / 'two' / f'iter_{KILLED_AT}.pth', folder / 'apart_0')
    return launch(
        folder, job(folder, 'nodes', 1, nodes=2),
        job(folder, 'apart', arguments=['--work-dir', f'{folder}/apart_{{RANK}}', '--resume']),
        job(folder, 'nodes_killed', 1, nodes=2, restarts=1, arguments=['--resume'],
            lose=dict(step=KILLED_AT), environment=dict(TORCH_DISABLE_SHARE_RDZV_TCP_STORE='1')),
        job(folder, 'nodes_shared', 1, nodes=2, restarts=1),
        job(folder, 'grown', 4, arguments=resume('two')),
        job(folder, 'scoring', restarts=1, arguments=['--resume'],
            measurer=dict(type='DyingMeasurer', batch=4, work_dir=str(folder / 'scoring'),
                          step=STEPS // 3)),
        job(folder, 'gone', lose=dict(step=KILLED_AT)),
        job(folder, 'hanging', lose=dict(step=KILLED_AT, hangs=True),
            env_cfg=dict(dist_cfg=dict(timeout=10))),
        job(folder, 'ddp', size=ODD, **DDP), job(folder, 'fsdp_odd', size=ODD, **FSDP),
        job(folder, 'ddp_resumed', size=ODD, arguments=resume('ddp'), **DDP),
        job(folder, 'fsdp_resumed', arguments=resume('fsdp'), **FSDP),
        job(folder, 'fsdp_replay', measurer=REPLAY, **FSDP),
        job(folder, 'fsdp_method', method=dict(type='OGMHook'), **FSDP))


def last(folder, name):
    checkpoint = torch.load(folder / name / f'iter_{STEPS}.pth', weights_only=True)
    # The strategy of mmengine keeps the prefix of its wrapper.
    checkpoint['state_dict'] = {key.removeprefix('module.'): value
                                for key, value in checkpoint['state_dict'].items()}
    return checkpoint


def global_batches(folder, name, processes, attempt=0):
    """Positions of every step over all ranks, in the global order."""
    logs = [folder / name / f'batches_{attempt}_{rank}.jsonl' for rank in range(processes)]
    shares = [[json.loads(line)[1] for line in log.read_text().splitlines()] for log in logs]
    return [[position for row in zip(*batch, strict=True) for position in row]
            for batch in zip(*shares, strict=True)]


def metrics_of(folder, name):
    """All validations of a run, in float32."""
    logs = sorted(Path(folder, name).glob('*/vis_data/scalars.json'))
    rows = [json.loads(line) for log in logs for line in log.read_text().splitlines()]
    return [{key: pytest.approx(value, rel=1e-5) for key, value in row.items()
             if key.startswith(('acc/', 'map/', 'nll/', 'macro_f1/'))}
            for row in rows if 'acc/fused' in row]


def check_same_run(folder, name, expected, exactly=False):
    """Scores, order, metrics and weights of two runs, to rounding or to the last bit."""
    first, second = last(folder, expected), last(folder, name)
    tolerance = dict(atol=0, rtol=0) if exactly else dict(atol=1e-5, rtol=0)
    for column, values in first['bss']['scores'].items():
        torch.testing.assert_close(second['bss']['scores'][column], values, **tolerance)
    assert set(second['state_dict']) == set(first['state_dict'])
    for key, value in first['state_dict'].items():
        torch.testing.assert_close(second['state_dict'][key], value, **tolerance)
    assert metrics_of(folder, name)[-1] == metrics_of(folder, expected)[-1]


def test_the_task_trains_and_its_order_depends_on_the_scores(ended, folder):
    batches = global_batches(folder, 'one', 1)
    assert len(batches) == STEPS and {len(batch) for batch in batches} == {8, 4}
    plain = torch.randperm(SIZE, generator=torch.Generator().manual_seed(5 + EPOCHS - 1))
    assert sum(batches[-3:], []) != plain.tolist()
    first = torch.load(folder / 'one' / 'iter_1.pth', weights_only=True)['state_dict']
    assert (last(folder, 'one')['state_dict']['head.classifiers.rgb.weight']
            - first['head.classifiers.rgb.weight']).abs().max() > .01


@pytest.mark.parametrize('name, processes', [('two', 2), ('four', 4)])
def test_any_number_of_ranks_is_one_run(ended, folder, name, processes):
    """Global batches are equal; the last one of an epoch is smaller on every rank."""
    assert ended[name]['statuses'] == [0]
    assert global_batches(folder, name, processes) == global_batches(folder, 'one', 1)
    check_same_run(folder, name, 'one')
    assert metrics_of(folder, name) == metrics_of(folder, 'one')


def test_a_killed_rank_is_started_again_and_the_run_goes_on(ended, folder):
    whole = global_batches(folder, 'two', 2)
    assert ended['killed']['statuses'] == [0]
    assert global_batches(folder, 'killed', 2, attempt=1) == whole[KILLED_AT:]
    check_same_run(folder, 'killed', 'two', exactly=True)


def test_fsdp_is_the_same_run(ended, folder):
    """The largest layers are units of their own."""
    assert ended['fsdp']['statuses'] == [0]
    assert global_batches(folder, 'fsdp', 2) == global_batches(folder, 'two', 2)
    check_same_run(folder, 'fsdp', 'two')


@pytest.mark.slow
class TestSlowly:

    def test_two_launchers_make_one_group_of_two_processes(self, ended_slowly, folder):
        assert ended_slowly['nodes']['statuses'] == [0, 0]
        check_same_run(folder, 'nodes', 'two', exactly=True)

    def test_a_rank_of_another_launcher_is_killed(self, ended_slowly, folder):
        assert ended_slowly['nodes_killed']['statuses'] == [0, 0]
        check_same_run(folder, 'nodes_killed', 'two', exactly=True)

    def test_a_shared_store_is_refused_where_it_would_hang_a_restart(self, ended_slowly, folder):
        assert ended_slowly['nodes_shared']['statuses'] == [1, 1]
        for log in folder.glob('nodes_shared_0/*/attempt_0/0/stderr.log'):
            assert log.read_text().count('need TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1') == 1

    def test_all_ranks_go_on_from_what_rank_zero_finds(self, ended_slowly, folder):
        """The work directory of rank 1 is empty."""
        assert ended_slowly['apart']['statuses'] == [0]
        check_same_run(folder, 'apart_0', 'two', exactly=True)

    def test_a_run_of_two_ranks_goes_on_with_four(self, ended_slowly, folder):
        whole = global_batches(folder, 'one', 1)
        assert global_batches(folder, 'grown', 4) == whole[KILLED_AT:]
        check_same_run(folder, 'grown', 'one')

    def test_a_rank_killed_while_scoring(self, ended_slowly, folder):
        """It dies before the last of two batches of the pass of the second epoch."""
        assert ended_slowly['scoring']['statuses'] == [0]
        before, after = (global_batches(folder, 'scoring', 2, attempt) for attempt in (0, 1))
        assert before + after == global_batches(folder, 'two', 2) and len(before) == STEPS // 3
        check_same_run(folder, 'scoring', 'two', exactly=True)

    def test_a_killed_rank_ends_the_run_with_a_report(self, ended_slowly, folder):
        """The agent reports the rank that it sees first, which may be the one that is left."""
        assert ended_slowly['gone']['statuses'] == [1] and ended_slowly['gone']['seconds'] < 60
        cause = report_of(folder, 'gone').read_text().partition('Root Cause')[2]
        if 'rank      : 1 (local_rank: 1)' in cause:
            assert 'Signal 9 (SIGKILL) received by PID' in cause
        else:
            (written, ) = (folder / 'gone_0').glob('*/attempt_0/0/stderr.log')
            assert LOST in written.read_text()

    def test_a_hanging_rank_ends_the_run_with_a_sentence(self, ended_slowly, folder):
        assert ended_slowly['hanging']['statuses'] == [1]
        assert ended_slowly['hanging']['seconds'] < 60
        (written, ) = (folder / 'hanging_0').glob('*/attempt_0/0/stderr.log')
        assert LOST in written.read_text()

    def test_strategies_agree_where_the_ranks_do_not_score_equally_many(self, ended_slowly, folder):
        assert global_batches(folder, 'fsdp_odd', 2) == global_batches(folder, 'ddp', 2)
        check_same_run(folder, 'fsdp_odd', 'ddp')

    @pytest.mark.parametrize('name', ['ddp', 'fsdp'])
    def test_strategies_resume_exactly(self, ended_slowly, folder, name):
        whole = global_batches(folder, name, 2)
        assert global_batches(folder, f'{name}_resumed', 2) == whole[KILLED_AT:]
        check_same_run(folder, f'{name}_resumed', name, exactly=True)

    def test_what_a_sharded_model_cannot_do_is_refused(self, ended_slowly, folder):
        assert ended_slowly['fsdp_replay']['statuses'] == [1]
        assert 'ranks cannot do together, but FSDP has sharded the model: use ' \
            'HeadGradientMagnitude, or train with DDP.' in report_of(
                folder, 'fsdp_replay').read_text()

    def test_a_rebalancing_method_is_refused_for_a_sharded_model(self, ended_slowly, folder):
        assert ended_slowly['fsdp_method']['statuses'] == [1]
        assert 'OGMHook works on the weights of single modalities, but FSDP has sharded the ' \
            'model: train with DDP.' in report_of(folder, 'fsdp_method').read_text()
