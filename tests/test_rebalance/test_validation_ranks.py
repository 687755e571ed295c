"""Two real processes (gloo) decide alike by the validation set."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    """What each of two processes told about each run."""
    folder = tmp_path_factory.mktemp('ranks')
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, Path(__file__).with_name('gloo_validation.py'),
                                 str(rank), folder], cwd=folder, env=environment, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    return [torch.load(folder / f'rank{rank}.pt', weights_only=True) for rank in range(2)]


@pytest.mark.parametrize('name', ['mses', 'mslr', 'ogr_gb'])
def test_ranks_end_with_the_same_weights(ranks, name):
    first, second = (rank[name]['weights'] for rank in ranks)
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_ranks_stop_and_weigh_alike(ranks):
    first, second = ranks
    assert first['mses']['state']['stopped'] == second['mses']['state']['stopped'] == ['rgb']
    assert first['mslr']['state'] == second['mslr']['state']
    assert first['ogr_gb']['state'] == second['ogr_gb']['state']
    weights = first['ogr_gb']['state']['weights']
    assert sum(weights.values()) == pytest.approx(1) and len(set(weights.values())) > 1
