"""The command that all ``tools/data/<dataset>/prepare.py`` share."""
from __future__ import annotations

import argparse
import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.manifest import (FAULT_KINDS, FORMAT, MANIFEST_NAME, PaperNumbers,
                                            describe_overlap, describe_split, whole_content)
from projects.bss.datasets.preparation.inspection import Inspector
from projects.bss.datasets.preparation.media import whole

_Reader = TypeVar('_Reader', bound=MultiModalDataset)
_EXIT_STATUS = ('Exit status: 0, 1 if items are missing or unreadable or could not be made, 2 '
                'after an error in the arguments or annotations.')


class Preparation(ABC):
    """What is particular about preparing one data set.

    A sub-class gives ``name`` (of the data set), ``description`` (of the command), ``protocols``
    (name -> its splits) and ``paper`` (published numbers by split), and reads the splits.
    """

    name: str
    description: str
    protocols: Mapping[str, Sequence[str]] = {'paper': ('train', 'test')}
    paper: Mapping[str, PaperNumbers] = {}

    @abstractmethod
    def read_splits(self, args: argparse.Namespace) -> dict[str, MultiModalDataset]:
        """Read the annotations, whether files are there or not (see :func:`unchecked`).

        Args:
            args: The parsed command line.

        Returns:
            The readers by split, for the splits that are there.

        Raises:
            FileNotFoundError: If there is no annotation file.
            ValueError: If a line of one is wrong.
        """

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add arguments of this data set.

        Args:
            parser: The parser.
        """

    def build(self, args: argparse.Namespace) -> list[str]:
        """Make from the raw download what is not there yet.

        Args:
            args: The parsed command line.

        Returns:
            A sentence for each item that could not be made.
        """
        return []

    def source(self, record: dict) -> str:
        """Name the subject or recording that an item comes from.

        Args:
            record: The item as the reader describes it.

        Returns:
            The name; empty if unknown.
        """
        return ''

    def variant(self, content: str) -> str:
        """Name the variant of a copy.

        Args:
            content: Digest of everything in it.

        Returns:
            Name of the data set and the first digits of the digest.
        """
        return f'{self.name.lower().replace(" ", "-")}-{content[:8]}'


class LinkingPreparation(Preparation):
    """Preparation whose files of the raw download are used as they are."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the choice between links and copies.

        Args:
            parser: The parser.
        """
        parser.add_argument('--copy', action='store_true', help='copy files instead of linking')


class _KeepsMissing(MultiModalDataset):
    """Behind a reader: no item is left out because its files are missing."""

    def filter_data(self) -> list[dict]:
        return self.data_list


class _NamesLeftOut(MultiModalDataset):
    """Before a reader: remembers the items that it leaves out by a rule of its own."""

    left_out: Sequence[str] = ()

    def __init__(self, **kwargs: Any) -> None:
        # Records are read in this process only, where packing them gains nothing.
        super().__init__(serialize_data=False, **kwargs)

    def filter_data(self) -> list[dict]:
        kept = super().filter_data()
        self.left_out = sorted({record['clip_id'] for record in self.data_list}
                               - {record['clip_id'] for record in kept})
        return kept


def unchecked(reader: type[_Reader]) -> type[_Reader]:
    """Make a reader that keeps the items whose files are missing.

    Args:
        reader: The reader.

    Returns:
        A sub-class under the same name.
    """
    return type(reader.__name__, (_NamesLeftOut, reader, _KeepsMissing), {})


def run(preparation: Preparation, argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        preparation: The data set.
        argv: Arguments; those of the process by default.

    Returns:
        Exit status.
    """
    args = parse_args(preparation, argv)
    out = args.out or args.data_root / MANIFEST_NAME
    try:
        failures = preparation.build(args)
        manifest = make_manifest(preparation, args, out.with_suffix('.files.jsonl'))
        with whole(out) as partial:
            partial.write_text(json.dumps(manifest, indent=1) + '\n', encoding='utf-8')
    except (ValueError, OSError) as error:
        print(f'prepare: {error}', file=sys.stderr)
        return 2
    for failure in failures:
        print(f'prepare: {failure}', file=sys.stderr)
    print(summary(manifest))
    print(f'The manifest is {out}.')
    return int(bool(failures) or any(split['missing'] or split['unreadable']
                                     for split in manifest['splits'].values()))


def parse_args(preparation: Preparation, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        preparation: The data set.
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(description=f'{preparation.description}\n{_EXIT_STATUS}',
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data_root', metavar='DATA_ROOT', type=Path, help='root of the data set')
    parser.add_argument('--raw', metavar='FOLDER', type=Path,
                        help='folder of the raw download, from which absent files are made')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes (all cores)')
    parser.add_argument('--out', metavar='FILE', type=Path,
                        help=f'where to write the manifest (DATA_ROOT/{MANIFEST_NAME})')
    parser.add_argument('--full-decode', action='store_true',
                        help='decode every frame of video files')
    preparation.add_arguments(parser)
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error(f'--workers must be at least 1, got {args.workers}; choose a larger number.')
    if args.raw and not args.raw.is_dir():
        parser.error(f'--raw must be the folder of the raw download, but there is no {args.raw}; '
                     'correct the path.')
    return args


def make_manifest(preparation: Preparation, args: argparse.Namespace,
                  memory: Path) -> dict[str, Any]:
    """Inspect all splits.

    Args:
        preparation: The data set.
        args: The parsed command line.
        memory: File that remembers what was found of each file.

    Returns:
        The manifest, of plain types.
    """
    readers = preparation.read_splits(args)
    inspector = Inspector(memory, args.workers, args.full_decode)
    reports = {name: inspector.inspect(reader, name) for name, reader in readers.items()}
    splits = {}
    for name, reader in readers.items():
        sources = [preparation.source(reader.get_data_info(position))
                   for position in range(len(reader))]
        splits[name] = describe_split(reader, reports[name], sources,
                                      preparation.paper.get(name, PaperNumbers()))
        splits[name]['left_out'] = list(getattr(reader, 'left_out', ()))
    protocols = {name: parts for name, parts in preparation.protocols.items()
                 if set(parts) <= set(splits)}
    content = whole_content(splits)
    return dict(
        dataset=preparation.name, variant=preparation.variant(content), content=content,
        format=FORMAT, full_decode=args.full_decode,
        protocols={name: describe_overlap(splits, reports, parts)
                   for name, parts in protocols.items()},
        splits=splits)


def summary(manifest: Mapping[str, Any]) -> str:
    """Write a manifest as a table.

    Args:
        manifest: The manifest.

    Returns:
        Several lines.
    """
    columns = ('items', 'paper', *FAULT_KINDS, 'twice', 'duplicates')
    lines = [f'{manifest["dataset"]}, variant {manifest["variant"]}',
             ' '.join([f'{"split":<12}', *(f'{name:>10}' for name in columns)])]
    for name, split in manifest['splits'].items():
        numbers = [split['items'], '-' if split['paper_items'] is None else split['paper_items'],
                   *(len(split[kind]) for kind in FAULT_KINDS),
                   len(split['listed_twice']), len(split['duplicates'])]
        lines.append(' '.join([f'{name:<12}', *(f'{number:>10}' for number in numbers)]))
    for name, shared in manifest['protocols'].items():
        content = ', '.join(f'{len(groups)} files of {stream}'
                            for stream, groups in shared['shared_content'].items())
        lines.append(f'protocol {name} ({", ".join(shared["splits"])}) shares between its splits: '
                     f'{len(shared["shared_sources"])} sources, {len(shared["shared_items"])} ids, '
                     f'{content}')
    return '\n'.join(lines)
