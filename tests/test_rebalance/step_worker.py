"""Run by the tests: one process of a group that trains step classifiers one after the other."""
from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from projects.bss.processes import end_processes
from projects.bss.rebalance import CheckpointState, registered_methods
from tests.test_rebalance.probes import build, train


def result(config: dict) -> dict:
    """Train and tell; a refusal is told by its sentence."""
    runner, _ = build(config)
    try:
        train(runner)
    except RuntimeError as error:
        return dict(error=str(error))
    scalars = {name: [float(value) for value in buffer.data[0]]
               for name, buffer in runner.message_hub.log_scalars.items()}
    known = re.compile('kappa|/(' + '|'.join(registered_methods()) + ')/')
    return dict(
        weights=runner.model.module.state_dict(),
        kappa=[value for name, values in scalars.items() if 'kappa' in name for value in values],
        coefficients={name: values for name, values in scalars.items() if known.search(name)},
        states={type(hook).__name__: hook.state_dict() for hook in runner.hooks
                if isinstance(hook, CheckpointState)})


def main(rank: int, world_size: int, folder: Path) -> None:
    """Train the runs of ``runs.json``."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=world_size)
    told = {name: result(dict(config, launcher='pytorch'))
            for name, config in json.loads((folder / 'runs.json').read_text()).items()}
    torch.save(told, folder / f'rank{rank}.pt')
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
