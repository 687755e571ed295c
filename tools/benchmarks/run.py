"""Run one benchmark. ``python tools/benchmarks/run.py --help`` lists them."""
from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

from projects.bss.cli import silence_upstream_warnings
from tools.benchmarks import criteria, delivery, loading, order, scaling, scoring, step, streaming
from tools.benchmarks.report import command_line

BENCHMARKS = dict(order=order, scoring=scoring, criteria=criteria, loading=loading,
                  delivery=delivery, step=step, scaling=scaling, streaming=streaming)


def parse_args(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(
        description='Measure a part of the library beside a plain alternative. Ratios of runs '
        'taken side by side count; absolute times are those of this machine.')
    names = parser.add_subparsers(dest='name', required=True, metavar='NAME')
    for name, benchmark in BENCHMARKS.items():
        entry = names.add_parser(name, help=benchmark.PURPOSE, description=benchmark.PURPOSE)
        entry.add_argument('--out', type=Path, metavar='DIR',
                           help='folder for NAME.json and NAME.md; without it nothing is written')
        benchmark.add_arguments(entry)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmark that the command line names, print its report and write it.

    Args:
        argv: Arguments; those of the process by default.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    args = parse_args(argv)
    silence_upstream_warnings()
    report = BENCHMARKS[args.name].run(args)
    report.command = command_line(argv)
    print(report.markdown())
    if args.out is not None:
        for file in report.save(args.out):
            print(f'Written: {file}')


if __name__ == '__main__':
    main()
