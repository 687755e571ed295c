"""The Slurm scripts, with an ``srun`` that starts its tasks on this machine."""
from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[1] / 'tools'
sys.path.append(str(HERE))

from toy_task import write_task  # noqa: E402

SRUN = """#!{python}
import os, subprocess, sys
options = dict(part.lstrip('-').split('=', 1) for part in sys.argv[1:] if '=' in part)
command = sys.argv[sys.argv.index(os.environ['PYTHON']):]
open('srun.txt', 'w').write('\\n'.join(sys.argv[1:]))
tasks, per_node = int(options['ntasks']), int(options['ntasks-per-node'])
ranks = [subprocess.Popen(command, env=dict(
    os.environ, SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank % per_node),
    SLURM_NTASKS=str(tasks), SLURM_NODELIST='node[1-2]')) for rank in range(tasks)]
sys.exit(max([rank.wait() for rank in ranks]))
"""
SCONTROL = '#!/bin/sh\n[ "$*" = "show hostnames node[1-2]" ] && echo localhost && echo elsewhere\n'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A PATH whose first folder has the commands of Slurm."""
    (tmp_path / 'bin').mkdir()
    for name, text in dict(srun=SRUN.format(python=sys.executable), scontrol=SCONTROL).items():
        (tmp_path / 'bin' / name).write_text(text)
        (tmp_path / 'bin' / name).chmod(0o755)
    return dict(os.environ, PATH=f'{tmp_path / "bin"}:{os.environ["PATH"]}', PYTHON=sys.executable,
                PYTHONPATH=str(HERE), CUDA_VISIBLE_DEVICES='', OMP_NUM_THREADS='1')


def slurm(script: str, folder: Path, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(['bash', str(TOOLS / script), 'queue', 'job', *arguments], cwd=folder,
                   env=environment, check=True)


@pytest.mark.parametrize('gpus, per_node, nodes', [
    ('16', '8', '2'), ('9', '8', '2'), ('4', None, '1'), ('12', None, '2')])
def test_what_the_script_asks_of_slurm(tmp_path: Path, environment: dict[str, str], gpus: str,
                                       per_node: str | None, nodes: str) -> None:
    environment.update(GPUS=gpus, PYTHON='true', SRUN_ARGS='--time=1-0 --exclusive=user')
    if per_node is not None:
        environment['GPUS_PER_NODE'] = per_node
    per_node = per_node or str(min(int(gpus), 8))
    slurm('slurm_train.sh', tmp_path, environment, 'toy.py', '--resume')
    assert (tmp_path / 'srun.txt').read_text().split('\n') == [
        '-p', 'queue', '--job-name=job', f'--nodes={nodes}', f'--gres=gpu:{per_node}',
        f'--ntasks={gpus}', f'--ntasks-per-node={per_node}', '--cpus-per-task=5',
        '--kill-on-bad-exit=1', '--time=1-0', '--exclusive=user', 'true', '-u',
        str(TOOLS / 'train.py'), 'toy.py', '--launcher', 'slurm', '--resume']


@pytest.mark.slow
def test_two_tasks_train_go_on_and_test(tmp_path: Path, environment: dict[str, str]) -> None:
    def launch(script: str, *arguments: str) -> None:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            environment['MASTER_PORT'] = str(probe.getsockname()[1])
        slurm(script, tmp_path, environment, config, *arguments)

    environment.update(GPUS='2', GPUS_PER_NODE='1')
    config = str(write_task(tmp_path))
    launch('slurm_train.sh', '--work-dir', 'trained', '--resume')
    launch('slurm_train.sh', '--work-dir', 'trained', '--resume', '--cfg-options',
           'train_cfg.max_epochs=3')
    # Six samples in batches of two on two ranks: two iterations an epoch.
    last = torch.load(tmp_path / 'trained' / 'epoch_3.pth', weights_only=True)
    assert last['meta']['iter'] == 6 and '--nodes=2' in (tmp_path / 'srun.txt').read_text()
    logs = ''.join(log.read_text() for log in (tmp_path / 'trained').glob('*/*.log'))
    assert 'resumed epoch: 2, iter: 4' in logs
    launch('slurm_test.sh', 'trained/epoch_3.pth')
    assert '--nodes=2' in (tmp_path / 'srun.txt').read_text()
