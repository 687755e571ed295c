"""What the commands that compute many runs share: arguments, progress, the end."""
from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from mmengine.config import DictAction
from tqdm import tqdm

from tools.sweeping.pool import Pool
from tools.sweeping.runs import Run


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which seeds are run, where and how many at a time.

    Args:
        parser: The parser of a command.
    """
    parser.add_argument('--seeds', default='0', metavar='N,N,...',
                        help='random seeds of every setting (default: %(default)s)')
    parser.add_argument('--processes', type=int, default=1, metavar='N',
                        help='runs computed at the same time (default: 1)')
    parser.add_argument('--gpus', default='', metavar='I,I,...',
                        help='GPUs that the processes take in turn (default: each sees all)')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='change settings of the config in all runs')


def seeds_of(args: argparse.Namespace) -> list[int]:
    """Check the arguments of :func:`add_run_arguments`.

    Args:
        args: Parsed arguments.

    Returns:
        The seeds.

    Raises:
        ValueError: If there are no processes, the seeds are anything but whole numbers joined by
            commas, or one comes twice.
    """
    if args.processes < 1:
        raise ValueError(f'--processes must be at least 1, but got {args.processes}.')
    parts = args.seeds.split(',')
    if not all(map(str.isdecimal, parts)) or len(set(map(int, parts))) < len(parts):
        raise ValueError(f'--seeds must be different whole numbers joined by commas, such as '
                         f'0,1,2, but got {args.seeds!r}.')
    return [int(part) for part in parts]


def end_children_when_terminated() -> None:
    """Let SIGTERM end the process as Ctrl-C does, so that its children are ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def compute(args: argparse.Namespace, runs: Sequence[Run]) -> dict[str, str]:
    """Compute the runs that are not finished, and show the progress.

    Args:
        args: Parsed arguments.
        runs: All runs.

    Returns:
        End of the log of each run that failed, by its title.
    """
    pending = [run for run in runs if run.result() is None]
    gpus = [name for name in args.gpus.split(',') if name]
    with tqdm(total=len(runs), initial=len(runs) - len(pending), unit='run',
              bar_format='{percentage:3.0f}% of {total} runs |{bar}| {elapsed} < {remaining}',
              miniters=0, mininterval=1 if sys.stderr.isatty() else 60) as bar:
        return Pool(args.processes, gpus).compute(pending, bar)


def versions() -> dict[str, str]:
    """Return the versions of the libraries that numbers depend on most."""
    return {name: version(name) for name in ('torch', 'mmengine', 'mmaction2')}


def end_with_failures(failures: Mapping[str, str], runs: Sequence[Run]) -> None:
    """Name the runs that failed, if any, and end the process.

    Args:
        failures: End of the log of each run that failed, by its title.
        runs: All runs.

    Raises:
        SystemExit: With status 1 if a run failed.
    """
    if failures:
        print(f'{len(failures)} of {len(runs)} runs failed; the log of each is in its folder:',
              *failures, sep='\n    ', file=sys.stderr)
        raise SystemExit(1)
