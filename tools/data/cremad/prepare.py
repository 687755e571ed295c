"""Make CREMA-D from its raw download and check it. ``--help`` shows the options."""
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
from projects.bss.datasets.cremad import EMOTIONS, CREMADDataset, actor_of
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import (Extraction, Preparation, extract_all, place, run,
                                               unchecked, whole)

PAPER = ('train', 'test')
CLEAN = ('train_clean', 'val_clean', 'test_clean')
COUNTS = dict(train=(973, 1148, 1131, 1138, 1142, 1166), test=(114, 123, 140, 133, 129, 105))
"""Clips by class, in the order of ``EMOTIONS``, of the lists that the paper uses."""


def clean_split(actor: int) -> str:
    """Deal the actors to the splits of the speaker-independent protocol.

    Args:
        actor: Number of the actor, 1001 to 1091.

    Returns:
        By the last digit of the number: 1 to 7 ``'train_clean'`` (64 actors), 8 ``'val_clean'``
        (9), 9 and 0 ``'test_clean'`` (18).
    """
    last = actor % 10
    return 'test_clean' if last in (9, 0) else 'val_clean' if last == 8 else 'train_clean'


def write_clean_lists(folder: Path) -> None:
    """Write the lists of the speaker-independent protocol from the union of the others.

    Where one would be empty, as in very small copies, nothing is written.

    Args:
        folder: Folder of ``train.csv`` and ``test.csv``.

    Raises:
        ValueError: If a line of a list is wrong.
    """
    clips = {}
    for split in PAPER:
        for _, row in read_rows(folder / f'{split}.csv', ('clip', 'label')):
            clips[row['clip']] = row['label']
    lists: dict[str, list[str]] = {split: [] for split in CLEAN}
    for clip, label in sorted(clips.items()):
        lists[clean_split(actor_of(clip))].append(f'{clip},{label}\n')
    for split, lines in lists.items() if all(lists.values()) else ():
        with whole(folder / f'{split}.csv') as partial:
            partial.write_text(''.join(lines), encoding='utf-8')


class CREMADPreparation(Preparation):
    """CREMA-D: 6 emotions of 91 actors; 6,698 and 744 clips in the paper's lists."""

    name = 'CREMA-D'
    protocols = dict(paper=PAPER, clean=CLEAN)
    paper = {split: PaperNumbers(sum(counts), dict(zip(EMOTIONS, counts)))
             for split, counts in COUNTS.items()}
    description = """Make CREMA-D from its raw download and check it.

The raw download has the folders AudioWAV and VideoFlash. The sound is linked (--copy copies it),
frames are extracted at FPS frames per second to Image-<FPS>-FPS/<clip>/00001.jpg, ...
DATA_ROOT/annotations must hold train.csv and test.csv (of github.com/GeWu-Lab/OGM-GE_CVPR2022); the
lists of the speaker-independent protocol, {train,val,test}_clean.csv, are written beside them.
Work that was interrupted goes on where it stopped.
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of this data set.

        Args:
            parser: The parser.
        """
        parser.add_argument('--fps', type=int, default=1, help='frames per second (1)')
        parser.add_argument('--copy', action='store_true', help='copy the sound files')

    def build(self, args: argparse.Namespace) -> list[str]:
        """Write the lists of protocol clean, link the sound and extract the frames.

        Args:
            args: The parsed command line.

        Returns:
            A sentence for each video of which no frames could be made.
        """
        lists = args.data_root / 'annotations'
        if all((lists / f'{split}.csv').is_file() for split in PAPER):
            write_clean_lists(lists)
        # Without --raw the videos may lie in the data root itself.
        raw = args.raw or args.data_root
        place(raw / 'AudioWAV', args.data_root / 'AudioWAV', args.copy)
        frames = args.data_root / f'Image-{args.fps:02d}-FPS'
        return extract_all([Extraction(video, frames=frames / video.stem, fps=args.fps)
                            for video in sorted(raw.glob('VideoFlash/*.flv'))], args.workers)

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the lists of both protocols.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        there = [split for split in CLEAN
                 if (args.data_root / 'annotations' / f'{split}.csv').is_file()]
        reader = unchecked(CREMADDataset)
        return {split: reader(data_root=str(args.data_root), fps=args.fps,
                              ann_file=f'annotations/{split}.csv') for split in (*PAPER, *there)}

    def source(self, record: dict) -> str:
        """Name the actor."""
        return str(actor_of(record['clip_id']))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(CREMADPreparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
