"""Two real processes (gloo) have the prototypes and ratios of one that sees all samples."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.test_rebalance.gloo_prototypes import train

ROOT = Path(__file__).resolve().parents[2]


def test_two_processes_do_what_one_does(tmp_path):
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1',
                   'CUDA_VISIBLE_DEVICES': ''}
    workers = [subprocess.Popen([sys.executable, Path(__file__).with_name('gloo_prototypes.py'),
                                 str(rank), tmp_path], cwd=tmp_path, env=environment, text=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
               for rank in range(2)]
    errors = [worker.communicate(timeout=300)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], errors
    first, second = (torch.load(tmp_path / f'rank{rank}.pt', weights_only=True)
                     for rank in range(2))
    alone = train(tmp_path / 'alone', batch_size=6)
    for name, rows in first['prototypes'].items():
        assert torch.equal(rows, second['prototypes'][name])
        torch.testing.assert_close(rows, alone['prototypes'][name].cpu())
    assert first['ratios'] == second['ratios']
    # Only before the first step: each rank's terms are means over its own samples.
    assert first['ratios'][0] == pytest.approx(alone['ratios'][0], rel=1e-5)
