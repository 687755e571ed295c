"""Run by the tests: one process of a pair that trains toy runs with validation-driven methods."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from projects.bss.processes import end_processes
from tests.test_rebalance.probes import hook_of, run
from tests.test_rebalance.test_mses import SCRIPT
from tests.test_rebalance.validation_script import validated
from tests.toy import deterministic_model_config

WRAPPER = dict(type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False)
HOOKS = dict(
    mses=dict(type='MSESHook', patience=1, keep=0.0),
    mslr=dict(type='MSLRHook', window=1),
    ogr_gb=dict(type='OGRGBHook', super_epoch=2))


def train(folder: Path, hook: dict) -> dict:
    """Train without batch normalisation, whose statistics differ between ranks."""
    made = validated(folder, hook, script=SCRIPT, epochs=5, size=24, launcher='pytorch',
                     model=deterministic_model_config(), model_wrapper_cfg=WRAPPER,
                     randomness=dict(seed=5, diff_rank_seed=True))
    made['custom_hooks'] = [part for part in made['custom_hooks']
                            if part['type'] != 'KeepModalities']
    runner, _ = run(made)
    return dict(state=hook_of(runner, hook['type']).state_dict(),
                weights=runner.model.module.state_dict())


def main(rank: int, folder: Path) -> None:
    """Train with every method."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=2)
    torch.save({name: train(folder / name, hook) for name, hook in HOOKS.items()},
               folder / f'rank{rank}.pt')
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), Path(sys.argv[2]))
