"""Make Kinetics-Sounds from videos and check it. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets.annotations import read_rows
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.kinetics_sounds import VARIANTS, KineticsSoundsDataset
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import (ClipPreparation, run, unchecked, write_held_out,
                                               youtube_id)

LISTS = dict(bss31='{}.csv', bss32='{}.csv', ogm31='my_{}.txt')
"""Names of the lists in ``annotations``, by variant."""


class KineticsSoundsPreparation(ClipPreparation):
    """Kinetics-Sounds: 31 classes; 15,000, 1,900 and 1,900 clips in the paper."""

    name = 'Kinetics-Sounds'
    protocols = dict(paper=('train', 'test'), clean=('train_clean', 'val_clean', 'test'))
    paper = dict(train=PaperNumbers(15000), val=PaperNumbers(1900), test=PaperNumbers(1900))
    description = """Make Kinetics-Sounds from videos and check it.

DATA_ROOT/annotations must hold the lists, train.csv and test.csv (columns label and youtube_id) or
my_train.txt and my_test.txt (--variant ogm31). --raw names a folder that holds the videos, cut to
ten seconds, in any sub-folders, as <clip>.mp4 or <clip>_<start>_<end>.mp4. Their sound goes to
<split>_wav/<clip>.wav, one frame per second to <split>_img/Image-01-FPS/<clip>/. One recording in
ten of the training list makes the validation list of protocol clean. Work that was interrupted
goes on where it stopped.
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of this data set.

        Args:
            parser: The parser.
        """
        super().add_arguments(parser)
        parser.add_argument('--variant', choices=tuple(VARIANTS), default='bss31',
                            help='which lists (bss31)')

    def build(self, args: argparse.Namespace) -> list[str]:
        """Write the lists of protocol clean, and extract sound and frames.

        Args:
            args: The parsed command line.

        Returns:
            A sentence for each video that failed.
        """
        lists = _lists(args)
        if lists['train'].is_file():
            has_header = args.variant != 'ogm31'
            columns = ('label', 'youtube_id') if has_header else ('youtube_id', 'seconds', 'label')
            sources = {number: youtube_id(row['youtube_id'])
                       for number, row in read_rows(lists['train'], columns, header=has_header)}
            write_held_out(lists['train'], sources, lists['train_clean'], lists['val_clean'])
        return super().build(args)

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the lists of both protocols; a list of validation clips may be absent.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        reader = unchecked(KineticsSoundsDataset)
        lists = _lists(args)
        there = [split for split, path in lists.items()
                 if split in ('train', 'test') or path.is_file()]
        return {split: reader(data_root=str(args.data_root), variant=args.variant,
                              split='train' if split.endswith('_clean') else split,
                              ann_file=f'annotations/{lists[split].name}') for split in there}

    def source(self, record: dict) -> str:
        """Name the recording."""
        return youtube_id(record['clip_id'])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(KineticsSoundsPreparation(), argv)


def _lists(args: argparse.Namespace) -> dict[str, Path]:
    name = LISTS[args.variant]
    return {split: args.data_root / 'annotations' / name.format(split)
            for split in ('train', 'val', 'test', 'train_clean', 'val_clean')}


if __name__ == '__main__':
    sys.exit(main())
