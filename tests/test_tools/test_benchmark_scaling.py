"""The benchmark of several processes, with one and two of them."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_scaling(tmp_path: Path, miniature_root: Path) -> None:
    loaders = ('train_dataloader', 'val_dataloader')
    options = [option for loader in loaders for option in (
        f'{loader}.dataset.data_root={miniature_root}', f'{loader}.num_workers=0',
        f'{loader}.persistent_workers=False')]
    done = subprocess.run(
        [sys.executable, 'tools/benchmarks/run.py', 'scaling', '--out', str(tmp_path), '--epochs',
         '1', '--repeats', '1', '--processes', '1', '2', '--cfg-options', *options,
         'train_dataloader.batch_size=4', 'train_dataloader.dataset.pipeline.0.length=4'],
        cwd=ROOT, env=dict(os.environ, OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''),
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    one, two = json.loads((tmp_path / 'scaling.json').read_text())['rows']
    assert (one['processes'], one['scored_share']) == (1, 1)
    assert (two['processes'], two['scored_share']) == (2, .5)
    for key in ('efficiency', 'cpu_efficiency', 'scoring_efficiency'):
        assert one[key]['median'] == 1 and two[key]['median'] > 0, key
    assert 0 < two['samples_per_second']['median'] == pytest.approx(
        2 * two['efficiency']['median'] * one['samples_per_second']['median'])
