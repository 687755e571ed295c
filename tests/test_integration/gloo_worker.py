"""Run by the tests: one process of a group that trains toy runs one after the other."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from unittest.mock import patch

import torch
import torch.distributed as dist
from mmengine.config import Config

from projects.bss.engine import BSSHook
from projects.bss.processes import end_processes
from tests.toy import build

WRAPPER = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
               find_unused_parameters=True)


def train(config: dict) -> dict:
    """Train, validate once more, and tell everything; a refusal is told by its sentence."""
    runner, batches = build(config)
    try:
        # Formatting the config takes most of the time of saving a checkpoint.
        with patch.object(Config, 'pretty_text', ''):
            runner.train()
    except RuntimeError as error:
        return dict(error=str(error))
    if runner.test_loop is not None:
        runner.test()
    hook = next(hook for hook in runner.hooks if isinstance(hook, BSSHook))
    return dict(
        batches=batches, iterations=runner.iter, max_iters=runner.max_iters,
        order_hash=hook.sampler.order_hash(), order=hook.sampler.order(),
        table=hook.table.state_dict(), weights=runner.model.module.state_dict(),
        metrics=runner.val_loop.run(),
        results=[path.read_text() for path in Path(runner.log_dir).glob('*.json')])


def main(rank: int, world_size: int, folder: Path) -> None:
    """Train the runs of ``runs.json``; entries under ``rank<r>`` replace those of one rank."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=world_size)
    told = {}
    for name, run in json.loads((folder / 'runs.json').read_text()).items():
        config = {**run['config'], **run.get(f'rank{rank}', {})}
        told[name] = train(dict(config, launcher='pytorch', model_wrapper_cfg=WRAPPER))
    torch.save(told, folder / f'rank{rank}.pt')
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
