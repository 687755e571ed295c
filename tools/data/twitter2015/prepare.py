"""Make Twitter2015 from the files of TomBERT and check it. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import LinkingPreparation, place, run, unchecked, whole
from projects.bss.datasets.twitter2015 import Twitter2015Dataset

SPLITS = ('train', 'dev', 'test')
IMAGES = 'twitter2015_images'


class Twitter2015Preparation(LinkingPreparation):
    """Twitter2015: 3 sentiments; 3,179, 1,122 and 1,037 tweets in the paper."""

    name = 'Twitter2015'
    protocols = dict(paper=SPLITS)
    paper = dict(zip(SPLITS, map(PaperNumbers, (3179, 1122, 1037))))
    description = """Make Twitter2015 from the files of TomBERT and check it.

--raw names the folder of TomBERT's train.tsv, dev.tsv and test.tsv, in which $T$ stands for the
target in the last column. They are written to DATA_ROOT/annotations with the columns index, Label,
ImageID and String and the target filled in. The pictures, twitter2015_images, are linked from the
raw folder (--copy copies them).
"""

    def build(self, args: argparse.Namespace) -> list[str]:
        """Write the annotations and place the pictures.

        Args:
            args: The parsed command line.

        Returns:
            Nothing can fail for single items: an empty list.
        """
        if args.raw:
            place(args.raw / IMAGES, args.data_root / IMAGES, args.copy)
            for split in SPLITS:
                target = args.data_root / 'annotations' / f'{split}.tsv'
                if not target.is_file():
                    write_annotations(args.raw / f'{split}.tsv', target)
        return []

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the annotations.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        reader = unchecked(Twitter2015Dataset)
        return {split: reader(data_root=str(args.data_root), ann_file=f'annotations/{split}.tsv')
                for split in SPLITS}

    def source(self, record: dict) -> str:
        """Name the picture, which several targets of a tweet share."""
        return record['clip_id'].rpartition(':')[0]


def write_annotations(source: Path, target: Path) -> None:
    """Write a file of TomBERT with the columns of the authors' code and the target filled in.

    Args:
        source: The file of TomBERT, or one that has these columns.
        target: The file to be written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line of it is wrong.
    """
    reader = unchecked(Twitter2015Dataset)(ann_file=str(source.resolve()))
    with whole(target) as partial, open(partial, 'w', encoding='utf-8') as file:
        file.write('index\tLabel\tImageID\tString\n')
        for position in range(len(reader)):
            record = reader.get_data_info(position)
            image = Path(record['modalities']['image']['path']).name
            text = record['modalities']['text']['text']
            file.write(f'{position + 1}\t{record["gt_label"]}\t{image}\t{text}\n')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(Twitter2015Preparation(), argv)


if __name__ == '__main__':
    sys.exit(main())
