"""What ``tools/train.py`` and ``tools/test.py`` share."""

from __future__ import annotations

import argparse
import copy
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config, DictAction
from mmengine.registry import DATASETS, DefaultScope

from projects.bss.paths import config_path

_USER_ERRORS = (FileNotFoundError, KeyError, TypeError, ValueError)
_NOISE = (
    '.*broadcast_buffers.* is deprecated',  # torch 2.15, once per rank
    '.*torch.cuda.amp.GradScaler.* is deprecated',  # mmengine 0.10.7, once per run with --amp
    'Setting (OMP|MKL)_NUM_THREADS environment variable',  # mmengine, once per rank
)


def make_parser(description: str, epilog: str) -> argparse.ArgumentParser:
    """Make a parser with the arguments that both tools have.

    Args:
        description: One line on what the tool does.
        epilog: Examples, shown as they are.

    Returns:
        The parser.
    """
    parser = argparse.ArgumentParser(
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'config',
        help='config file: a path, or a name below configs/ such as bss/nvgesture_bssl.py',
    )
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help='folder for logs, checkpoints and results; default: the work_dir of the config, '
        'else work_dirs/<name of the config>',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change settings of the config before anything else is read from it, e.g. '
        'train_cfg.max_epochs=5 train_dataloader.batch_size=4; lists as key="[a,b]" or key=a,b; '
        'no white space inside a value',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started; pytorch means torchrun (tools/dist_*.sh) and works '
        'without a GPU too (default: none, a single process)',
    )
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0, help='set by old launchers only'
    )
    return parser


@contextmanager
def sentences_for_user_errors(args: argparse.Namespace) -> Iterator[None]:
    """Turn an error in the arguments, the config or the data into one sentence and exit status 2.

    With ``--cfg-options log_level=DEBUG`` the error is raised with its traceback.

    Args:
        args: The parsed arguments.
    """
    try:
        yield
    except _USER_ERRORS as error:
        if (args.cfg_options or {}).get('log_level') == 'DEBUG':
            raise
        # str(KeyError) is the repr of its message.
        message = error.args[0] if isinstance(error, KeyError) else error
        print(f'{Path(sys.argv[0]).name}: error: {message}', file=sys.stderr)
        raise SystemExit(2) from error


def load_config(args: argparse.Namespace) -> Config:
    """Read the config, then apply ``--cfg-options`` and the arguments that both tools have.

    Args:
        args: The parsed arguments.

    Returns:
        The config, with ``launcher`` and ``work_dir`` set.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    path = args.config if Path(args.config).is_file() else config_path(args.config)
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(args.cfg_options or {})
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(path).stem)
    return cfg


def require_file(flag: str, path: str) -> None:
    """Refuse a checkpoint that does not exist, before anything is built.

    Args:
        flag: The argument that named it.
        path: A local path, or an address such as ``https://...``, which is not looked at.

    Raises:
        FileNotFoundError: If it is a local path and there is no file.
    """
    if '://' not in path and not Path(path).is_file():
        raise FileNotFoundError(
            f'{flag} must name an existing checkpoint, but there is no file {path!r}. '
            'Checkpoints are written to the work directory as epoch_<N>.pth.'
        )


def check_datasets(cfg: Config, loaders: Sequence[str]) -> None:
    """Build the data sets once, so that what they miss is reported before a model is built.

    The Runner builds its own afterwards: it takes configs, which it also writes to the log.

    Args:
        cfg: The config of the run.
        loaders: Names of the data loaders to check; one that the config lacks is passed over.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
        for loader in loaders:
            dataset_cfg = (cfg.get(loader) or {}).get('dataset')
            if dataset_cfg is None:
                continue
            dataset = DATASETS.build(copy.deepcopy(dataset_cfg))
            if hasattr(dataset, 'full_init'):
                dataset.full_init()


def silence_upstream_warnings() -> None:
    """Hide known, harmless warnings of torch and mmengine, each by its message."""
    for message in _NOISE:
        warnings.filterwarnings('ignore', message=message)
