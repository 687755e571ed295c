"""Several processes: start their group, say who was lost, end together."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from torch import distributed
from torch.distributed.rendezvous import rendezvous

# By launcher: a variable that it sets, the program behind it, the prefix of its scripts.
_LAUNCHERS = dict(pytorch=('RANK', 'torchrun', 'dist'), slurm=('SLURM_PROCID', 'srun', 'slurm'))
# What the arguments of mmengine's wrappers must be where there is no GPU.
_CPU_WRAPPERS: dict[str, dict[str, Any]] = {
    'DDPStrategy': dict(device_ids=None),
    'FSDPStrategy': dict(device_id='cpu'),
}
# gloo raises plain RuntimeErrors, so they are known by their words.
_LOST = (
    'Connection closed by peer',
    'Connection reset by peer',
    'Broken pipe',
    'Timed out waiting',
    'Application timeout caused pair closure',
    'Connect timeout',
    'Read timeout',
)


def prepare_processes(cfg: Config, local_rank: int) -> None:
    """Start the process group where mmengine cannot: without a GPU, or again.

    Defect: mmengine 0.10.7 selects a CUDA device for every rank and hands its number to the model
    wrapper. A group that is already there it leaves alone. With a GPU the group is started here
    only where ``torchrun`` may restart it.

    Args:
        cfg: The config of the run; what its model wrapper or its strategy needs on a CPU is filled
            in. ``env_cfg.dist_cfg.timeout`` limits the seconds that a rank waits for another.
        local_rank: Rank on this machine, for launchers that do not export ``LOCAL_RANK``.

    Raises:
        ValueError: If the process was not started by the launcher that is named.
    """
    os.environ.setdefault('LOCAL_RANK', str(local_rank))
    if cfg.launcher not in _LAUNCHERS:
        return
    _require_launcher(cfg.launcher)
    dist_cfg = (cfg.get('env_cfg') or {}).get('dist_cfg') or {}
    if not torch.cuda.is_available():
        if cfg.launcher == 'slurm':
            _export_slurm_ranks()
        _start_group('gloo', dist_cfg)
        _wrap_for_cpu(cfg)
    elif cfg.launcher == 'pytorch' and _may_restart():
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        _start_group(dist_cfg.get('backend', 'nccl'), dist_cfg)


def build_runner(cfg: Config) -> Any:
    """Build the runner that a config asks for.

    Args:
        cfg: The config; with ``runner_type='FlexibleRunner'`` and a ``strategy`` it is mmengine's
            runner of strategies, the Runner otherwise.

    Returns:
        The runner.
    """
    if cfg.get('env_cfg') is None:
        cfg.env_cfg = {}  # FlexibleRunner of mmengine 0.10.7 takes no None
    return RUNNERS.build(cfg)


@contextmanager
def sentence_for_lost_process() -> Iterator[None]:
    """Explain the error by which a process learns that another one is gone or hangs."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or any(text in str(error) for text in _LOST):
            print(_lost_sentence(), file=sys.stderr, flush=True)
        raise


def end_processes() -> None:
    """Let all ranks finish together.

    A rank whose peers are gone while it still shuts its connections down can abort, and the
    launcher then reports a finished run as failed.
    """
    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def _require_launcher(launcher: str) -> None:
    name, starter, script = _LAUNCHERS[launcher]
    if name not in os.environ:
        raise ValueError(
            f'--launcher {launcher} needs processes started by {starter}, but {name} is not set. '
            f'Use tools/{script}_train.sh or tools/{script}_test.sh, or leave --launcher out.'
        )


def _may_restart() -> bool:
    return os.environ.get('TORCHELASTIC_MAX_RESTARTS', '0') != '0'


def _start_group(backend: str, dist_cfg: Mapping[str, Any]) -> None:
    seconds = dist_cfg.get('timeout')
    timeout = None if seconds is None else timedelta(seconds=seconds)
    store, rank, world_size = next(rendezvous('env://'))
    distributed.init_process_group(
        backend,
        store=distributed.PrefixStore(_attempt(), store),
        rank=rank,
        world_size=world_size,
        timeout=timeout,
    )


def _attempt() -> str:
    """Name this attempt of the launcher, so that its ranks do not find those of an earlier one.

    Defect: torch 2.15 keeps one store for all attempts of ``torchrun --max-restarts``, with the
    addresses of the ranks that are gone.
    """
    environment = os.environ
    if environment.get('GROUP_WORLD_SIZE', '1') == '1':
        return f'attempt_{environment.get("TORCHELASTIC_RESTART_COUNT", 0)}'
    # Several machines count each by itself, so their counts name no common attempt.
    if environment.get('TORCHELASTIC_USE_AGENT_STORE') == 'True' and _may_restart():
        raise ValueError(
            'Restarts on several machines need TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 in the '
            'environment of torchrun, or a restarted rank looks for those that are gone. Set it on '
            'each machine, or use tools/dist_train.sh, which does.'
        )
    return 'attempt'


def _export_slurm_ranks() -> None:
    environment = os.environ
    if 'MASTER_ADDR' not in environment:
        nodes = ['scontrol', 'show', 'hostnames', environment['SLURM_NODELIST']]
        found = subprocess.run(nodes, check=True, capture_output=True, text=True)
        environment['MASTER_ADDR'] = found.stdout.split()[0]
    environment.setdefault('MASTER_PORT', '29500')
    environment.update(
        RANK=environment['SLURM_PROCID'],
        WORLD_SIZE=environment['SLURM_NTASKS'],
        LOCAL_RANK=environment['SLURM_LOCALID'],
    )


def _wrap_for_cpu(cfg: Config) -> None:
    strategy = cfg.get('strategy')
    if strategy is not None:
        defaults = _CPU_WRAPPERS.get(strategy['type'], {})
        strategy['model_wrapper'] = {**defaults, **(strategy.get('model_wrapper') or {})}
    elif cfg.get('model_wrapper_cfg') is None:
        cfg.model_wrapper_cfg = dict(
            type='MMDistributedDataParallel',
            device_ids=None,
            broadcast_buffers=False,
            find_unused_parameters=cfg.get('find_unused_parameters', False),
        )


def _lost_sentence() -> str:
    rank, world_size = distributed.get_rank(), distributed.get_world_size()
    return (
        f'Rank {rank} of {world_size} has lost another rank, which was killed, has failed or does '
        'not answer: the first failure in the output of the launcher tells which. Start the same '
        'command with --resume to go on from the latest checkpoint; with MAX_RESTARTS=1 '
        'tools/dist_train.sh does so by itself.'
    )
