"""Run by the tests: one process of a group that trains toy runs with hooks on gradients."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from projects.bss.processes import end_processes
from tests.test_rebalance.probes import config, hook_of, run
from tests.toy import WIDTHS

WRAPPER = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False,
               find_unused_parameters=True)
RECORDER = dict(type='ScaleGradients')


def train(folder: Path, hooks: list, **options) -> dict:
    """Train without batch normalisation, whose statistics differ between ranks."""
    made = config(folder, RECORDER, *hooks, size=24, launcher='pytorch', model_wrapper_cfg=WRAPPER,
                  **options)
    for name, width in WIDTHS.items():
        made['model']['encoders'][name] = dict(type='MLPEncoder', in_channels=width, hidden=[8],
                                               out_channels=4)
    runner, _ = run(made)
    logged = {name: history.data[0].tolist()
              for name, history in runner.message_hub.log_scalars.items() if 'Hook/' in name}
    return dict(seen=hook_of(runner, 'ScaleGradients').seen, logged=logged,
                weights=runner.model.module.state_dict())


def main(rank: int, world_size: int, folder: Path) -> None:
    """Train the runs of ``runs.json``."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=world_size)
    told = {name: train(folder / name, **run_)
            for name, run_ in json.loads((folder / 'runs.json').read_text()).items()}
    torch.save(told, folder / f'rank{rank}.pt')
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
