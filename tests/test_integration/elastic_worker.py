"""Run by the tests: start ``tools/train.py`` under torch's elastic agent, as ``torchrun`` does.

Agents (one per launcher) and ranks are forked from this process, so that imports are paid once.
"""
from __future__ import annotations

import gc
import json
import os
import runpy
import signal
import socket
import sys
import time
from pathlib import Path
from unittest.mock import patch

from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS, HOOKS, TASK_UTILS
from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, Std
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.fsdp.wrap import size_based_auto_wrap_policy
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

import tests.toy  # noqa: F401  (registers the toy task)
from projects.bss.engine import BalanceMeasurer

FUNCTIONS.register_module(module=size_based_auto_wrap_policy, force=True)
TOOLS = Path(__file__).resolve().parents[2] / 'tools'


def wait_for_checkpoint(work_dir: str, step: int) -> None:
    last = Path(work_dir, 'last_checkpoint')
    while not last.is_file() or not last.read_text().endswith(f'iter_{step}.pth'):
        time.sleep(.005)


def first_attempt() -> bool:
    return os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') == '0'


@HOOKS.register_module(force=True)
class LogBatches(Hook):
    """Append the positions of every batch to a file of this attempt and rank."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        attempt = os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')
        positions = [sample.sample_idx for sample in data_batch['data_samples']]
        with Path(runner.work_dir, f'batches_{attempt}_{get_rank()}.jsonl').open('a') as file:
            file.write(json.dumps([runner.epoch, positions]) + '\n')


@HOOKS.register_module(force=True)
class LoseRank(Hook):
    """Kill a rank before a step, or let it hang, in the first attempt.

    It is lost once rank 0 has saved the step before: the next attempt goes on from there.

    Args:
        step: Number of the step, counted from 0.
        rank: The rank that is lost.
        hangs: Whether it waits for ever instead of being killed.
    """

    def __init__(self, step, rank=1, hangs=False):
        self.step, self.rank, self.hangs = step, rank, hangs

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if first_attempt() and get_rank() == self.rank and runner.iter == self.step:
            wait_for_checkpoint(runner.work_dir, self.step)
            if self.hangs:
                signal.pause()
            os.kill(os.getpid(), signal.SIGKILL)


@TASK_UTILS.register_module(force=True)
class DyingMeasurer(BalanceMeasurer):
    """Kill rank 1 in the middle of a scoring pass, in the first attempt.

    Args:
        batch: Number of the scored batch before which the rank dies.
        work_dir: Where rank 0 saves.
        step: Steps that rank 0 saves before the rank dies.
    """

    def __init__(self, batch, work_dir, step):
        super().__init__()
        self.left, self.work_dir, self.step = batch, work_dir, step

    def measure(self, outputs):
        self.left -= 1
        if self.left == 0 and first_attempt() and get_rank() == 1:
            wait_for_checkpoint(self.work_dir, self.step)
            os.kill(os.getpid(), signal.SIGKILL)
        return super().measure(outputs)


def be_the_tool(tool: str, *arguments: str) -> None:
    """Be a tool, less what takes most of the time of a run of a second; {RANK} names the rank."""
    sys.argv = [str(TOOLS / tool), *(part.format(**os.environ) for part in arguments)]
    with patch('mmengine.runner.runner.collect_env', return_value={}), patch(
            'mmengine._strategy.base.collect_env', return_value={}), patch.object(
                Config, 'pretty_text', ''):
        runpy.run_path(sys.argv[0], run_name='__main__')


def launch(job: dict, folder: Path, node: int, port: int) -> None:
    """Be the agent of one node."""
    os.environ.update(job.get('environment', {}))
    config = LaunchConfig(
        min_nodes=job.get('nodes', 1), max_nodes=job.get('nodes', 1),
        nproc_per_node=job['processes'], run_id=job['name'], rdzv_backend='c10d',
        rdzv_endpoint=f'localhost:{port}', rdzv_configs=dict(is_host=str(node == 0)),
        max_restarts=job.get('restarts', 0), start_method='fork', monitor_interval=.05,
        logs_specs=DefaultLogsSpecs(str(folder / f'{job["name"]}_{node}'), Std.ALL))
    try:
        elastic_launch(config, be_the_tool)(*job['arguments'], '--launcher', 'pytorch')
    except ChildFailedError as error:
        report_of(folder, job['name'], node).write_text(str(error))
        os._exit(1)


def report_of(folder: Path, name: str, node: int = 0) -> Path:
    """What the agent says of the ranks that failed."""
    return folder / f'{name}_{node}' / 'report.txt'


def forked(function, *args) -> int:
    """Start a function in a fork of this process."""
    process = os.fork()
    if process:
        return process
    try:
        function(*args)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(2)
    os._exit(0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def run(job: dict, folder: Path) -> dict:
    """Run a job with an agent for each node; return exit statuses and seconds."""
    port, started = free_port(), time.monotonic()
    agents = [forked(launch, job, folder, node, port) for node in range(job.get('nodes', 1))]
    statuses = [os.waitstatus_to_exitcode(os.waitpid(agent, 0)[1]) for agent in agents]
    return dict(statuses=statuses, seconds=time.monotonic() - started)


if __name__ == '__main__':
    folder = Path(sys.argv[1])
    gc.freeze()  # mmengine collects garbage for every data set
    jobs = json.loads((folder / 'jobs.json').read_text())
    (folder / 'ended.json').write_text(
        json.dumps({job['name']: run(job, folder) for job in jobs}))
