"""Evaluate a checkpoint. ``python tools/test.py --help`` shows examples."""

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

from projects.bss import cli, processes

EXAMPLES = """examples:
  python tools/test.py configs/bss/nvgesture_bssl.py work_dirs/nvgesture_bssl/epoch_200.pth
  python tools/test.py configs/bss/nvgesture_bssl.py CHECKPOINT --dump predictions.pkl
  bash tools/dist_test.sh configs/bss/nvgesture_bssl.py CHECKPOINT 4

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
    parser = cli.make_parser('Evaluate a checkpoint on the test set of a config.', EXAMPLES)
    parser.add_argument('checkpoint', help='checkpoint file or address')
    parser.add_argument(
        '--dump', metavar='FILE', help='write the predictions to this file (.pkl or .pickle)'
    )
    parser.add_argument(
        '--show-dir',
        metavar='DIR',
        help='write drawn predictions to this folder; the config must have a visualization hook',
    )
    parser.add_argument(
        '--show',
        action='store_true',
        help='show drawn predictions in a window; the config must have a visualization hook',
    )
    parser.add_argument(
        '--interval', type=int, default=1, metavar='N', help='draw every N-th sample (default: 1)'
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        metavar='SECONDS',
        help='how long each window stays (default: 2)',
    )
    return parser.parse_args(argv)


def enable_drawing(cfg: Config, args: argparse.Namespace) -> None:
    """Turn on the visualization hook of the config.

    Args:
        cfg: The config, changed in place.
        args: The parsed arguments.

    Raises:
        ValueError: If the config has no such hook.
    """
    if 'visualization' not in cfg.get('default_hooks', {}):
        raise ValueError(
            '--show and --show-dir need a visualization hook, but default_hooks of the config has '
            'none. Add visualization=dict(type="VisualizationHook") there, or leave the flag out.'
        )
    cfg.default_hooks.visualization.update(
        enable=True,
        show=args.show,
        wait_time=args.wait_time,
        out_dir=args.show_dir,
        interval=args.interval,
    )


def add_dump(cfg: Config, path: str) -> None:
    """Let the evaluator write the predictions to a file as well.

    Args:
        cfg: The config, changed in place.
        path: The file.

    Raises:
        ValueError: If the name does not end in ``.pkl`` or ``.pickle``.
    """
    if not path.endswith(('.pkl', '.pickle')):
        raise ValueError(
            f'--dump writes a pickle file: the name must end in .pkl or .pickle, but got {path!r}.'
        )
    metrics = cfg.test_evaluator
    metrics = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
    cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=path)]


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluate.

    Args:
        argv: Arguments; those of the process by default.
    """
    args = parse_args(argv)
    cli.silence_upstream_warnings()
    with cli.sentences_for_user_errors(args):
        cfg = cli.load_config(args)
        cli.require_file('checkpoint', args.checkpoint)
        cfg.load_from = args.checkpoint
        if args.show or args.show_dir is not None:
            enable_drawing(cfg, args)
        if args.dump is not None:
            add_dump(cfg, args.dump)
        cli.check_datasets(cfg, ('test_dataloader',))
        processes.prepare_processes(cfg, args.local_rank)
    with processes.sentence_for_lost_process():
        processes.build_runner(cfg).test()
        processes.end_processes()


if __name__ == '__main__':
    main()
