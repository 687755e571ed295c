"""Check the data of a config and write down what it holds. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from mmengine.config import Config
from mmengine.registry import DATASETS

import projects.bss  # noqa: F401  (registers the package)
from projects.bss.datasets import MultiModalDataset
from projects.bss.datasets.preparation import Preparation, run, unchecked

LOADERS = {'train': 'train_dataloader', 'val': 'val_dataloader', 'test': 'test_dataloader'}


class ConfigPreparation(Preparation):
    """The data that a config reads: a user's own table, or any data set of this package."""

    name = 'table'
    protocols = {'as configured': tuple(LOADERS)}
    description = """Check the data of a config, such as one for a table of your own.

Training, validation and test data are read as the config has them, except that nothing is left
out because its files are missing. Items, and files of the same content, that several splits share
are named.
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of this command.

        Args:
            parser: The parser.
        """
        parser.add_argument('--config', type=Path, required=True, help='config that reads the data')

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Build the data sets of the config.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split; one that serves twice, as validation and test, counts once.
        """
        cfg = Config.fromfile(args.config)
        found: dict[str, MultiModalDataset] = {}
        for split, loader in LOADERS.items():
            options = dict(cfg[loader]['dataset'], data_root=str(args.data_root), pipeline=[])
            reader = unchecked(DATASETS.get(options.pop('type')))(**options)
            if reader.fingerprint() not in {known.fingerprint() for known in found.values()}:
                found[split] = reader
        return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(ConfigPreparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
