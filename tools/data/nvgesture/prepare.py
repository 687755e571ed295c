"""Check a copy of NVGesture and write down what it holds. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets import MultiModalDataset, NVGestureDataset
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.nvgesture_list import find_lists, parse_line, read_list
from projects.bss.datasets.preparation import Preparation, run, unchecked, write_held_out

CLEAN = dict(train_clean='nvgesture_train_clean.lst', val_clean='nvgesture_val_clean.lst')
"""Names of the lists of protocol clean, whose test list is the official one."""


def subject_of(folder: str) -> str:
    """Name the person, from the folder name ``subject<n>_r<repetition>``.

    Args:
        folder: Folder of the clip.

    Returns:
        ``'subject<n>'``.
    """
    return PurePosixPath(folder).name.rpartition('_')[0]


def is_validation_subject(subject: str) -> bool:
    """Say whether a person of the training list serves validation in protocol clean.

    Args:
        subject: ``'subject<n>'``.

    Returns:
        True if n is divisible by six.
    """
    return int(subject.removeprefix('subject')) % 6 == 0


class NVGesturePreparation(Preparation):
    """NVGesture: 25 gestures, 1,050 and 482 clips (Molchanov et al., CVPR 2016)."""

    name = 'NVGesture'
    protocols = dict(paper=('train', 'test'), clean=('train_clean', 'val_clean', 'test'))
    paper = dict(train=PaperNumbers(1050), test=PaperNumbers(482))
    description = """Check a copy of NVGesture and write down what it holds.

The manifest counts clips by split and class beside the numbers of the paper, hashes lists and
files, and names missing and unreadable clips, streams that are shorter than their annotation, clips
listed twice, and subjects and clips that occur in both splits. Files are opened and their length
is read; with --full-decode the frames of every clip are decoded once from the beginning and once
by seeking, which must give the same pictures. Flow is made by extract_flow.py beforehand. Three of
the twelve persons of the training list (6, 12, 18) make the validation list of protocol clean.
"""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of this data set.

        Args:
            parser: The parser.
        """
        parser.add_argument('--modalities', nargs='+', default=('rgb', 'flow', 'depth'),
                            help='streams to check (rgb flow depth)')
        parser.add_argument('--flow-layout', choices=('clip', 'position'), default='clip',
                            help='layout of the flow files (clip)')
        parser.add_argument('--num-classes', type=int, default=25,
                            help='classes of the lists (25)')

    def build(self, args: argparse.Namespace) -> list[str]:
        """Write the lists of protocol clean.

        Args:
            args: The parsed command line.

        Returns:
            Nothing can fail: an empty list.
        """
        path = find_lists(args.data_root).get('train')
        # Flow that is addressed by position belongs to the official list.
        if path and args.flow_layout == 'clip':
            read_list(path, args.num_classes)  # answers a wrong line with its number
            people = {number: subject_of(parse_line(line, args.num_classes).folder)
                      for number, line in enumerate(path.read_text('utf-8').splitlines(), start=1)
                      if line.strip()}
            write_held_out(path, people, *(args.data_root / CLEAN[split] for split in CLEAN),
                           rule=is_validation_subject)
        return []

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the lists, under either of their names.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.

        Raises:
            FileNotFoundError: If there is no list.
        """
        lists = find_lists(args.data_root)
        lists |= {split: args.data_root / name for split, name in CLEAN.items()
                  if args.flow_layout == 'clip' and (args.data_root / name).is_file()}
        if not lists:
            raise FileNotFoundError('DATA_ROOT must hold the lists of NVGesture '
                                    f'(nvgesture_train_correct_v2.lst, ...), but {args.data_root} '
                                    'holds none; name the folder above Video_data.')
        reader = unchecked(NVGestureDataset)
        return {split: reader(ann_file=path.name, data_root=str(args.data_root),
                              split=split if split == 'test' else 'train',
                              modalities=args.modalities, flow_layout=args.flow_layout,
                              num_classes=args.num_classes) for split, path in lists.items()}

    def source(self, record: dict) -> str:
        """Name the person, from the folder name ``subject<n>_r<repetition>``."""
        return subject_of(record['clip_id'])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, 1 if clips are missing or unreadable, 2 after an error in the arguments.
    """
    return run(NVGesturePreparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
