"""Make VGGSound from videos and check it. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets.annotations import read_rows
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import (ClipPreparation, run, unchecked, whole,
                                               write_held_out, youtube_id)
from projects.bss.datasets.vggsound import VGGSoundDataset

OFFICIAL = 'vggsound.csv'
OFFICIAL_COLUMNS = ('id', 'start', 'label', 'split')


class VGGSoundPreparation(ClipPreparation):
    """VGGSound: 309 classes; 168,618 training and validation clips, 13,954 test clips."""

    name = 'VGGSound'
    protocols = dict(paper=('train', 'test'), clean=('train_clean', 'val_clean', 'test'))
    paper = dict(train=PaperNumbers(168618), test=PaperNumbers(13954))
    description = """Make VGGSound from videos and check it.

DATA_ROOT must hold train.csv and test.csv in the form of the authors' code, or the list of the data
set, vggsound.csv (id, start second, class, split), of which they and label_encoding.json are made.
--raw names a folder that holds the videos, cut to ten seconds, in any sub-folders, as
<id>_<start>.mp4. Their sound goes to AudioWAV/<clip>.wav, one frame per second to
Image-01-FPS/<clip>/. One recording in ten of the training list makes the validation list of
protocol clean. Work that was interrupted goes on where it stopped.
"""

    def build(self, args: argparse.Namespace) -> list[str]:
        """Write the lists, and extract sound and frames.

        Args:
            args: The parsed command line.

        Returns:
            A sentence for each video that failed.
        """
        root = args.data_root
        if (root / OFFICIAL).is_file() and not (root / 'train.csv').is_file():
            write_lists(root)
        if (root / 'train.csv').is_file():
            rows = read_rows(root / 'train.csv', ('index', 'label', 'path'), more=True)
            sources = {number: youtube_id(row['path'][1:]) for number, row in rows}
            write_held_out(root / 'train.csv', sources, root / 'train_clean.csv',
                           root / 'val_clean.csv')
        return super().build(args)

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the lists of both protocols.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        reader = unchecked(VGGSoundDataset)
        there = [split for split in ('train', 'test', 'train_clean', 'val_clean')
                 if split in ('train', 'test') or (args.data_root / f'{split}.csv').is_file()]
        return {split: reader(data_root=str(args.data_root), ann_file=f'{split}.csv')
                for split in there}

    def source(self, record: dict) -> str:
        """Name the recording."""
        return youtube_id(record['clip_id'])


def write_lists(root: Path) -> None:
    """Write the lists of the authors' code from the list of the data set.

    Args:
        root: Folder of the lists.

    Raises:
        ValueError: If a line of the list is wrong.
    """
    rows = [row for _, row in read_rows(root / OFFICIAL, OFFICIAL_COLUMNS)]
    classes = sorted({row['label'] for row in rows})
    with whole(root / 'label_encoding.json') as partial:
        partial.write_text(json.dumps({name: index for index, name in enumerate(classes)}))
    for split in ('test', 'train'):
        chosen = [row for row in rows if row['split'] == split]
        with whole(root / f'{split}.csv') as partial, \
                open(partial, 'w', encoding='utf-8', newline='') as file:
            csv.writer(file).writerows(
                (number, row['label'], f'/{row["id"]}_{row["start"]}')
                for number, row in enumerate(chosen))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(VGGSoundPreparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
