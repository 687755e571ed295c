"""Run by the tests: start ``tools/train.py`` again and again, and kill it.

Every run is a process of its own, forked from this one so that the imports are paid once.
"""
from __future__ import annotations

import gc
import json
import math
import os
import random
import runpy
import signal
import sys
import time
from pathlib import Path
from unittest.mock import patch

from mmengine.config import Config
from mmengine.fileio import LocalBackend
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

import tests.toy  # noqa: F401  (registers the toy task)

TRAIN = Path(__file__).resolve().parents[2] / 'tools' / 'train.py'


@HOOKS.register_module(force=True)
class LogOrder(Hook):
    """Append the positions of every batch to a file of this process before training on it."""

    last_step = math.inf
    """Steps that may begin; the next one waits for the killer, however slow the machine is."""

    def __init__(self):
        self.steps = 0

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        positions = [sample.sample_idx for sample in data_batch['data_samples']]
        with order_file(Path(runner.work_dir), os.getpid()).open('a') as file:
            file.write(json.dumps(positions) + '\n')
        self.steps += 1
        time.sleep(60 if self.steps > self.last_step else .005)


def order_file(work_dir: Path, process: int) -> Path:
    return work_dir / f'order_{process}.jsonl'


def put_half_and_die(count: int):
    """Replace the writing of checkpoints: number ``count`` dies in the middle of the file."""
    whole, calls = LocalBackend.put, []

    def put(self, content: bytes, filepath: str) -> None:
        calls.append(filepath)
        whole(self, content[:len(content) // 2] if len(calls) == count else content, filepath)
        if len(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)

    return patch.object(LocalBackend, 'put', put)


def train(arguments: list[str], steps: float = math.inf, torn: int = 0) -> None:
    """Be ``tools/train.py``; with ``torn`` die while that checkpoint is being written."""
    LogOrder.last_step = steps + 2
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    sys.argv = [str(TRAIN), *arguments]
    # Asking for versions, and formatting the config for every checkpoint, take most of the time.
    with patch('mmengine.runner.runner.collect_env', return_value={}), patch.object(
            Config, 'pretty_text', ''), put_half_and_die(torn):
        runpy.run_path(str(TRAIN), run_name='__main__')


def kill_after(process: int, work_dir: Path, steps: int, delay: float) -> None:
    """Wait until a process has begun so many steps and a moment more, then kill it."""
    log = order_file(work_dir, process)
    while not log.is_file() or log.read_text().count('\n') < steps:
        time.sleep(.001)
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)


def start(job: dict) -> dict:
    """Run a job in a process of its own; return its id and how it ended."""
    process = os.fork()
    if process == 0:
        try:
            train(job['arguments'], job.get('steps', math.inf), job.get('torn', 0))
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    if 'steps' in job:
        kill_after(process, Path(job['work_dir']), job['steps'], random.uniform(0, .03))
    return dict(job, process=process, status=os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == '__main__':
    folder = Path(sys.argv[1])
    gc.freeze()  # mmengine collects garbage for every data set
    ended = [start(job) for job in json.loads((folder / 'jobs.json').read_text())]
    (folder / 'ended.json').write_text(json.dumps(ended))
