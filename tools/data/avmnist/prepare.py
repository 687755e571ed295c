"""Pair MNIST with spoken digits and check the pairs. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets.avmnist import DIGITS, IMAGE_FILES, AVMNISTDataset
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.idx import read_idx
from projects.bss.datasets.preparation import LinkingPreparation, place, run, unchecked, whole

LABEL_FILES = {'train': 'train-labels-idx1-ubyte.gz', 't10k': 't10k-labels-idx1-ubyte.gz'}
HEADER = ('id', 'label', 'image_split', 'image_index', 'audio', 'speaker')
SEED = 2025


@dataclass(frozen=True)
class Split:
    """Which recordings a split has (their number, from 0), how often each, and whose images."""

    numbers: range
    uses: int
    images: str


SPLITS = {'train': Split(range(10, 50), 5, 'train'), 'val': Split(range(5, 10), 3, 'train'),
          'test': Split(range(5), 5, 't10k')}


class AVMNISTPreparation(LinkingPreparation):
    """AV-MNIST: 10 digits, written and spoken; 12,000, 900 and 1,500 pairs."""

    name = 'AV-MNIST'
    protocols = dict(clean=tuple(SPLITS))
    description = """Pair MNIST with spoken digits and check the pairs.

--raw names a folder with the four idx files of MNIST in mnist/ and the Free Spoken Digit Dataset in
recordings/, which are linked into DATA_ROOT (--copy copies them). Where annotations/ is absent the
pairs are drawn: no image occurs twice, no image or recording in two splits.
"""

    def build(self, args: argparse.Namespace) -> list[str]:
        """Place the files and draw the pairs.

        Args:
            args: The parsed command line.

        Returns:
            Nothing can fail for single items: an empty list.
        """
        for folder in ('mnist', 'recordings') if args.raw else ():
            place(args.raw / folder, args.data_root / folder, args.copy)
        if not (args.data_root / 'annotations').is_dir():
            write_annotations(args.data_root)
        return []

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the annotations.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        reader = unchecked(AVMNISTDataset)
        return {split: reader(data_root=str(args.data_root), split=split) for split in SPLITS}

    def source(self, record: dict) -> str:
        """Name the recording."""
        return Path(record['modalities']['audio']['path']).stem


def write_annotations(root: Path) -> None:
    """Draw the pairs of all splits.

    Args:
        root: Root of the data set.

    Raises:
        FileNotFoundError: If files of MNIST or recordings are missing.
    """
    absent = [name for name in (*IMAGE_FILES.values(), *LABEL_FILES.values())
              if not (root / 'mnist' / name).is_file()]
    if absent or not (root / 'recordings').is_dir():
        raise FileNotFoundError(f'DATA_ROOT must hold mnist/ and recordings/, but {root} lacks '
                                f'{", ".join(absent) or "recordings/"}. {AVMNISTDataset.obtain}')
    rng = np.random.RandomState(SEED)
    images = {part: _shuffled_by_digit(root / 'mnist' / name, rng)
              for part, name in LABEL_FILES.items()}
    with whole(root / 'annotations') as partial:
        partial.mkdir()
        for name, split in SPLITS.items():
            rows = list(_draw_pairs(root, split, images[split.images], rng))
            with open(partial / f'{name}.csv', 'w', encoding='utf-8', newline='') as file:
                writer = csv.writer(file)
                writer.writerow(HEADER)
                writer.writerows((f'{name}_{number:05d}', *rows[position])
                                 for number, position in enumerate(rng.permutation(len(rows))))


def _shuffled_by_digit(path: Path, rng: np.random.RandomState) -> dict[str, list[int]]:
    labels = read_idx(str(path))
    return {digit: rng.permutation(np.flatnonzero(labels == int(digit))).tolist()
            for digit in DIGITS}


def _draw_pairs(root: Path, split: Split, images: dict[str, list[int]],
                rng: np.random.RandomState) -> Iterable[tuple]:
    found = defaultdict(list)
    for path in sorted((root / 'recordings').glob('*.wav')):
        digit, speaker, number = path.stem.split('_')
        if int(number) in split.numbers:
            found[digit].append((f'recordings/{path.name}', speaker))
    for digit in DIGITS:
        for audio, speaker in found[digit] * split.uses:
            yield digit, split.images, images[digit].pop(), audio, speaker


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(AVMNISTPreparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
