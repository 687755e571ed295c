"""A training process that is killed at any moment, and resumed, ends as if nothing had happened."""
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger

from projects.bss.engine.checkpoint import latest_whole_checkpoint
from tests.toy import BSS_L, loader, run, toy_config

ROOT = Path(__file__).resolve().parents[2]
SIZE, BATCH, EPOCHS = 14, 3, 3
STEPS = 5 * EPOCHS
KILLS = [random.Random(seed).randrange(1, STEPS - 2) for seed in range(3)]
"""Steps after whose beginning a process is killed, at a random moment in the next three."""
TORN = dict(first=1, best=6, again=7, later=9)
"""Number of the file in whose middle a process is killed: five steps are saved, the best model,
then the fifth step again, to tell which model is the best."""


def config(folder, **checkpoint):
    """A run with dropout, BatchNorm and augmentation that saves after every step."""
    made = toy_config(folder, None, SIZE, BATCH, EPOCHS, custom_hooks=[
        BSS_L, dict(type='LogOrder')], custom_imports=dict(
            imports=['tests.toy', 'tests.test_integration.kill_worker'],
            allow_failed_imports=False))
    made['train_dataloader'] = loader(SIZE, BATCH, True, noise=.1)
    made['default_hooks']['checkpoint'].update(checkpoint)
    return made


def jobs_of(folder):
    """One run without a break, and pairs of a killed run and one that goes on from it."""

    def job(name, resume=False, **kill):
        work_dir = str(folder / name)
        arguments = ['toy.py', '--work-dir', work_dir, *(['--resume'] if resume else [])]
        return dict(name=name, arguments=arguments, work_dir=work_dir, **kill)

    jobs = [job('whole')]
    for i, steps in enumerate(KILLS):
        jobs += [job(f'kill{i}', steps=steps), job(f'kill{i}', resume=True)]
    for name, number in TORN.items():
        jobs += [job(name, torn=number), job(name, resume=True)]
    return jobs


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('kill')


@pytest.fixture(scope='module')
def ended(folder):
    """Orders and exit statuses of all processes, by name of the run."""
    Config(config('unused', max_keep_ckpts=2, save_best='acc/fused')).dump(folder / 'toy.py')
    (folder / 'jobs.json').write_text(json.dumps(jobs_of(folder)))
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    worker = Path(__file__).with_name('kill_worker.py')
    subprocess.run([sys.executable, worker, folder], cwd=folder, env=environment, timeout=300,
                   check=True)
    by_name = {}
    for job in json.loads((folder / 'ended.json').read_text()):
        log = folder / job['name'] / f'order_{job["process"]}.jsonl'
        order = [json.loads(line) for line in log.read_text().splitlines()]
        by_name.setdefault(job['name'], []).append((job['status'], order))
    return by_name


def final_weights(folder, name):
    path = folder / name / f'iter_{STEPS}.pth'
    return torch.load(path, weights_only=True)['state_dict']


def check_continues(ended, folder, name, repeated):
    """The second process goes on in the order of the whole run and ends with its weights."""
    (status, whole), = ended['whole']
    (killed, before), (resumed, after) = ended[name]
    assert (status, killed, resumed) == (0, -signal.SIGKILL, 0)
    assert len(whole) == STEPS and before == whole[:len(before)]
    assert after == whole[STEPS - len(after):]
    assert len(before) + len(after) - STEPS in repeated
    for key, value in final_weights(folder, 'whole').items():
        assert torch.equal(value, final_weights(folder, name)[key]), key


@pytest.mark.parametrize('kill', range(len(KILLS)))
def test_killed_at_a_random_step(ended, folder, kill):
    """At most the step that was under way is done again."""
    check_continues(ended, folder, f'kill{kill}', repeated=(0, 1))
    assert len(ended[f'kill{kill}'][0][1]) >= KILLS[kill]


@pytest.mark.parametrize('file, repeated', [('first', 1), ('best', 0), ('again', 1), ('later', 1)])
def test_killed_while_a_checkpoint_is_written(ended, folder, file, repeated):
    """Without a whole checkpoint the run starts anew."""
    check_continues(ended, folder, file, repeated=(repeated, ))


class TestLatestWholeCheckpoint:

    @pytest.fixture
    def written(self, tmp_path):
        run(toy_config(tmp_path, size=6, epochs=2))
        return tmp_path

    def cut(self, path):
        path.write_bytes(path.read_bytes()[:-100])

    def test_the_named_one(self, written):
        assert latest_whole_checkpoint(str(written)) == str(written / 'iter_4.pth')

    def test_a_torn_one_gives_way_to_the_newest_before(self, written):
        self.cut(written / 'iter_4.pth')
        assert latest_whole_checkpoint(str(written)) == str(written / 'iter_3.pth')

    @pytest.mark.parametrize('record', ['', 'iter_9.pth'])
    def test_a_record_that_is_cut_short_or_names_a_removed_file(self, written, record):
        (written / 'last_checkpoint').write_text(record and str(written / record))
        assert latest_whole_checkpoint(str(written)) == str(written / 'iter_4.pth')

    def test_a_run_that_was_moved(self, written):
        (written / 'last_checkpoint').write_text('elsewhere/iter_4.pth')
        assert latest_whole_checkpoint(str(written)) == str(written / 'iter_4.pth')

    def test_nothing_whole(self, written, caplog):
        MMLogger.get_current_instance().addHandler(caplog.handler)
        for path in written.glob('iter_*.pth'):
            self.cut(path)
        assert latest_whole_checkpoint(str(written)) is None
        assert 'is missing or was cut short: the run starts anew' in caplog.text

    def test_nothing_written(self, tmp_path):
        assert latest_whole_checkpoint(str(tmp_path)) is None
