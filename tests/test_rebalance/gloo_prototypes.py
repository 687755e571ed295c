"""Run by the tests: one process of a group, or a single one, that trains a toy run with PMR."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from projects.bss.processes import end_processes
from tests.test_rebalance.probes import config, hook_of, run
from tests.toy import WIDTHS

PARALLEL = dict(
    launcher='pytorch',
    model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None,
                           broadcast_buffers=False, find_unused_parameters=True))


def train(folder: Path, **options) -> dict:
    """Train without batch normalisation, whose statistics differ between ranks."""
    made = config(folder, dict(type='PMRHook', share=.3), modalities=('rgb', 'flow'), size=24,
                  randomness=dict(seed=5, diff_rank_seed=True), epochs=1, **options)
    for name in made['model']['encoders']:
        made['model']['encoders'][name] = dict(type='MLPEncoder', in_channels=WIDTHS[name],
                                               hidden=[8], out_channels=4)
    runner, _ = run(made)
    ratios = runner.message_hub.get_scalar('train/PMRHook/ratio_rgb').data[0]
    return dict(prototypes=hook_of(runner, 'PMRHook').prototypes, ratios=ratios.tolist())


def main(rank: int, folder: Path) -> None:
    """Train as one of two processes."""
    os.environ['LOCAL_RANK'] = str(rank)
    dist.init_process_group('gloo', f'file://{folder}/store', rank=rank, world_size=2)
    torch.save(train(folder / 'run', batch_size=3, **PARALLEL), folder / f'rank{rank}.pt')
    end_processes()


if __name__ == '__main__':
    main(int(sys.argv[1]), Path(sys.argv[2]))
