"""Check Sarcasm and write down what it holds. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[3]
if (ROOT / 'projects' / 'bss').is_dir():
    sys.path.insert(0, str(ROOT))

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import (LinkingPreparation, is_held_out, place, run,
                                               unchecked, whole)
from projects.bss.datasets.sarcasm import SarcasmDataset

PAPER = dict(train='train_data.json', test='test_data.json')
CLEAN = dict(train_clean='train_clean_data.json', val_clean='val_clean_data.json')
IMAGE_FOLDERS = ('images', 'dataset_image')
"""Names of the folder of pictures in the raw download; the first is that in DATA_ROOT."""


class SarcasmPreparation(LinkingPreparation):
    """Sarcasm: 2 classes; 19,816 training, 2,410 validation and 2,409 test tweets in the paper."""

    name = 'Sarcasm'
    protocols = dict(paper=tuple(PAPER), clean=(*CLEAN, 'test'))
    paper = dict(train=PaperNumbers(19816), test=PaperNumbers(2409))
    description = """Check Sarcasm and write down what it holds.

--raw names a folder with train_data.json, test_data.json and the pictures (images or
dataset_image), which are linked into DATA_ROOT/annotations and DATA_ROOT/images (--copy copies
them). One picture in ten of the training list makes the validation list of protocol clean.
"""

    def build(self, args: argparse.Namespace) -> list[str]:
        """Place the files and write the lists of protocol clean.

        Args:
            args: The parsed command line.

        Returns:
            Nothing can fail for single items: an empty list.
        """
        lists = args.data_root / 'annotations'
        if args.raw:
            for folder in IMAGE_FOLDERS:
                place(args.raw / folder, args.data_root / IMAGE_FOLDERS[0], args.copy)
            for name in PAPER.values():
                place(args.raw / name, lists / name, args.copy)
        if (lists / PAPER['train']).is_file():
            _reader(args.data_root, PAPER['train'])  # answers a wrong item with its number
            write_clean_lists(lists)
        return []

    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the annotations of both protocols.

        Args:
            args: The parsed command line.

        Returns:
            The readers by split.
        """
        there = {split: name for split, name in CLEAN.items()
                 if (args.data_root / 'annotations' / name).is_file()}
        return {split: _reader(args.data_root, name) for split, name in (PAPER | there).items()}

    def source(self, record: dict) -> str:
        """Name the picture."""
        return record['clip_id'].rpartition(':')[0]


def write_clean_lists(folder: Path) -> None:
    """Deal the training list to a smaller training list and a validation list.

    Where either would be empty, as in very small copies, nothing is written.

    Args:
        folder: Folder of the lists.
    """
    items = json.loads((folder / PAPER['train']).read_text(encoding='utf-8-sig'))
    held_out = [is_held_out(PurePosixPath(item['image']).name) for item in items]
    if len(set(held_out)) < 2:
        return
    for (_, name), wanted in zip(CLEAN.items(), (False, True)):
        with whole(folder / name) as partial:
            partial.write_text(json.dumps([item for item, held in zip(items, held_out)
                                           if held == wanted]), encoding='utf-8')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    return run(SarcasmPreparation(), argv)


def _reader(root: Path, name: str) -> MultiModalDataset:
    return unchecked(SarcasmDataset)(data_root=str(root), ann_file=f'annotations/{name}')


if __name__ == '__main__':
    sys.exit(main())
