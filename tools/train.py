"""Train a model from a config. ``python tools/train.py --help`` shows examples."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))
# Raised by the import of mmcv-lite, so it must be filtered before.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

from mmengine.config import Config
from mmengine.device import is_cuda_available, is_mlu_available, is_musa_available, is_npu_available

from projects.bss import cli, processes

EXAMPLES = """examples:
  python tools/train.py configs/bss/nvgesture_bssl.py
  python tools/train.py configs/bss/nvgesture_bssl.py --resume
  python tools/train.py configs/bss/nvgesture_bssl.py --amp --seed 1 --work-dir runs/seed1
  python tools/train.py configs/bss/nvgesture_bssl.py --cfg-options train_cfg.max_epochs=5
  bash tools/dist_train.sh configs/bss/nvgesture_bssl.py 4

An error in the arguments, the config or the data set is one sentence and exit status 2;
--cfg-options log_level=DEBUG shows its traceback.
"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = cli.make_parser('Train a model from a config.', EXAMPLES)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint; without a value (or with auto) from the latest one in '
        'the work directory, from the start if there is none',
    )
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision; needs a GPU or another accelerator'
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='train without evaluating between epochs'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by actual / base batch size; the config must name the latter '
        'in auto_scale_lr',
    )
    parser.add_argument('--seed', type=int, help='random seed; default: that of the config')
    parser.add_argument(
        '--diff-rank-seed', action='store_true', help='give every rank its own seed: seed + rank'
    )
    parser.add_argument(
        '--deterministic', action='store_true', help='use deterministic algorithms only (slower)'
    )
    return parser.parse_args(argv)


def apply_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Carry the flags of training over to the config.

    Args:
        cfg: The config, changed in place.
        args: The parsed arguments.
    """
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        enable_amp(cfg)
    if args.auto_scale_lr:
        enable_lr_scaling(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
        if cfg.load_from is not None:
            cli.require_file('--resume', cfg.load_from)
    flags = dict(
        seed=args.seed,
        diff_rank_seed=args.diff_rank_seed or None,
        deterministic=args.deterministic or None,
    )
    given = {name: value for name, value in flags.items() if value is not None}
    cfg.randomness = {**(cfg.get('randomness') or {}), **given}


def enable_amp(cfg: Config) -> None:
    """Turn on mixed precision.

    Args:
        cfg: The config, changed in place.

    Raises:
        ValueError: If there is no accelerator, or the config has an optimiser wrapper of its own.
    """
    available = (is_cuda_available, is_npu_available, is_mlu_available, is_musa_available)
    if not any(check() for check in available):
        raise ValueError(
            '--amp needs a GPU (or an NPU, MLU or MUSA device), and this machine shows none. '
            'Leave --amp out to train in single precision on the CPU.'
        )
    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if wrapper not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(
            f'--amp replaces optim_wrapper.type OptimWrapper only, but the config has {wrapper!r}. '
            'Leave --amp out, or set mixed precision in that wrapper.'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def enable_lr_scaling(cfg: Config) -> None:
    """Turn on the scaling of the learning rate.

    Args:
        cfg: The config, changed in place.

    Raises:
        ValueError: If the config does not name the batch size that its learning rate is for.
    """
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise ValueError(
            '--auto-scale-lr needs the batch size that the learning rate of the config is for, '
            'but auto_scale_lr.base_batch_size is not set. '
            'Add --cfg-options auto_scale_lr.base_batch_size=N.'
        )
    cfg.auto_scale_lr.enable = True


def main(argv: Sequence[str] | None = None) -> None:
    """Train.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_args(argv)
    cli.silence_upstream_warnings()
    with cli.sentences_for_user_errors(args):
        cfg = cli.load_config(args)
        apply_flags(cfg, args)
        cli.check_datasets(cfg, ('train_dataloader', 'val_dataloader'))
        processes.prepare_processes(cfg, args.local_rank)
    with processes.sentence_for_lost_process():
        processes.build_runner(cfg).train()
        processes.end_processes()


if __name__ == '__main__':
    main()
