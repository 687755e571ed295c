"""Two real processes (gloo) change gradients alike, by what both have seen."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
OGM = dict(type='OGMHook', min_ndim=2, noise=True)
AMSS = dict(type='AMSSHook', unbiased='official')
OWN_SEEDS = dict(seed=5, diff_rank_seed=True)
RUNS = dict(
    ogm=dict(hooks=[OGM], epochs=2),
    amss=dict(hooks=[AMSS], epochs=2),
    accumulated=dict(hooks=[OGM], optim_wrapper=dict(optimizer=dict(type='SGD', lr=.05),
                                                     accumulative_counts=2)),
    own_seeds=dict(hooks=[OGM, AMSS], randomness=OWN_SEEDS))


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each of two processes told about each run."""
    folder = tmp_path_factory.mktemp('ranks')
    (folder / 'runs.json').write_text(json.dumps(RUNS))
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, Path(__file__).with_name('gloo_gradients.py'),
                                 str(rank), '2', folder], cwd=folder, env=environment, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]


@pytest.mark.parametrize('name', RUNS)
def test_ranks_agree_on_coefficients_noise_and_weights(ranks, name):
    first, second = (rank[name] for rank in ranks)
    assert first['seen'] == second['seen'] and first['logged'] == second['logged']
    assert len(set(map(str, first['logged'].values()))) > 1
    assert all(torch.equal(value, second['weights'][key])
               for key, value in first['weights'].items())


@pytest.mark.parametrize('name, batches', [('ogm', [6] * 8), ('accumulated', [12] * 2)])
def test_the_samples_of_both_ranks_count(ranks, name, batches):
    assert [count for count, *_ in ranks[0][name]['seen']] == batches
