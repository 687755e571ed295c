"""Write a first config for a table of one's own. ``--help`` shows the options."""
from __future__ import annotations

import argparse
import shlex
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
warnings.filterwarnings('ignore', 'Fail to import ``MultiScaleDeformableAttention``')

from projects.bss.datasets.labels import index_labels
from projects.bss.datasets.table_file import Table, read_table
from tools.tables.config_text import config_text
from tools.tables.kinds import KINDS, guess_kinds
from tools.tables.parts import Context, make_parts
from tools.tables.splits import draw_splits, name_splits, write_splits

SPLIT = 'split'
DESCRIPTION = """Write a first config for a table of your own: BSS-L on all its modalities.

TABLE is a .csv, .tsv or .parquet file with one row per sample. Without --image, --text, --audio,
--video, --array and --numeric the kind of every column is guessed from its cells, and the guess is
printed. File names are relative to the folder of the table, or to one folder in it.

A column called split, or the one that --split names, says which rows are train, val and test.
Without it a copy of the table is written, with such a column: 70 % train, 10 % val, 20 % test, the
same on every run. --group keeps rows with the same value (a person, a product) in one split.

Exit status: 0, or 2 after an error in the arguments or the table.
"""


def choose_kinds(table: Table, args: argparse.Namespace) -> dict[str, str]:
    """Take the kinds of the columns from the command line, or guess and print them.

    Args:
        table: The table.
        args: The parsed arguments.

    Returns:
        Kind by column, in the order of the table.

    Raises:
        ValueError: If a column does not exist, or there are fewer than two modalities.
    """
    told = {column: kind for kind in KINDS for column in getattr(args, kind)}
    table.require([args.label, *told, *filter(None, (args.id, args.group, args.split))])
    kinds = {column: told[column] for column in table.columns if column in told}
    if not told:
        ignored = [args.label, args.id, args.group, args.split or SPLIT]
        guesses = guess_kinds(table, ignored)
        for column, (kind, reason) in guesses.items():
            print(f'{column}: {kind or "not used"} ({reason})')
        kinds = {column: kind for column, (kind, _) in guesses.items() if kind is not None}
    if len(set(kinds.values())) < 2 and (len(kinds) < 2 or 'numeric' in kinds.values()):
        raise ValueError(f'{table.path} must have at least two modalities, but these columns were '
                         f'found: {kinds}; name more with --image, --text and so on.')
    return kinds


def split_table(table: Table, labels: Sequence[int],
                args: argparse.Namespace) -> tuple[Path, str, dict[str, str], list[str]]:
    """Find the splits of a table, or write a copy of it that has some.

    Args:
        table: The table.
        labels: Class of each row.
        args: The parsed arguments.

    Returns:
        The table to use, the column that names splits, split -> value in that column, and that
        value of every row.

    Raises:
        ValueError: If the column names no splits, or there are too few rows.
    """
    column = args.split or SPLIT
    if column in table.columns:
        return args.table, column, name_splits(table, column), [
            str(row[column]) for row in table.rows]
    groups = [str(position if args.group is None else row[args.group])
              for position, row in enumerate(table.rows)]
    splits = draw_splits(labels, groups)
    suffix = '.csv' if args.table.suffix == '.parquet' else args.table.suffix
    path = args.table.with_name(f'{args.table.stem}_split{suffix}')
    write_splits(table, splits, column, path)
    counts = ', '.join(f'{splits.count(name)} {name}' for name in ('train', 'val', 'test'))
    print(f'{path}: the table with a column {column!r} ({counts})')
    return path, column, dict(train='train', val='val', test='test'), splits


def write_config(args: argparse.Namespace, command: str) -> None:
    """Read the table and write the config.

    Args:
        args: The parsed arguments.
        command: The command line, for the header.

    Raises:
        FileNotFoundError: If the table or the files of a column are not found.
        FileExistsError: If the config exists.
        ValueError: If the table cannot be used.
    """
    for path, exists in ((args.table, True), (args.out, False)):
        if path.exists() != exists:
            raise (FileNotFoundError if exists else FileExistsError)(
                f'{path} must {"" if exists else "not "}exist; name another file.')
    table = read_table(args.table)
    kinds = choose_kinds(table, args)
    labels, classes = index_labels(table, args.label, None)
    path, column, splits, chosen = split_table(table, labels, args)
    train = [row for row, split in zip(table.rows, chosen) if split == splits['train']]
    context = Context(table, train, args.table.parent, args.image_size, args.text_model)
    parts = make_parts(kinds, context)
    dataset = dict(type='MultiModalTableDataset', data_root=str(args.table.parent),
                   ann_file=path.name, label=args.label, classes=list(classes),
                   columns={part.name: part.columns for part in parts})
    dataset |= {} if args.id is None else dict(id=args.id)
    if any(row[name] is None for row in table.rows for name in kinds):
        print("Some cells are empty: on_error='mask' trains without the modalities they lack.")
        dataset['on_error'] = 'mask'
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(config_text(
        parts, dataset, splits, column, args.epochs, table=args.table.name, out=args.out,
        command=command, modalities=', '.join(part.name for part in parts), classes=len(classes)))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        The parsed arguments.
    """
    parser = argparse.ArgumentParser(description=DESCRIPTION,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('table', metavar='TABLE', type=Path, help='the table')
    parser.add_argument('--label', required=True, metavar='COLUMN', help='column of the class')
    for kind in KINDS:
        parser.add_argument(f'--{kind}', nargs='+', default=[], metavar='COLUMN',
                            help=f'columns of kind {kind}')
    parser.add_argument('--id', metavar='COLUMN', help='column that names the samples')
    parser.add_argument('--group', metavar='COLUMN', help='rows of a group stay in one split')
    parser.add_argument('--split', metavar='COLUMN', help='column that names the split (split)')
    parser.add_argument('--out', type=Path, metavar='CONFIG',
                        help='file to be written (configs/bss/<table>_bssl.py)')
    parser.add_argument('--image-size', type=int, default=224,
                        help='height and width of pictures and videos in pixels (224)')
    parser.add_argument('--text-model', metavar='FOLDER',
                        help='folder of a pretrained BERT; by default a small one is trained from '
                             'random weights, with a vocabulary of the training rows')
    parser.add_argument('--epochs', type=int, default=20, help='epochs of training (20)')
    args = parser.parse_args(argv)
    args.out = args.out or Path('configs', 'bss', f'{args.table.stem}_bssl.py')
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.

    Returns:
        Exit status: 0, or 2 after an error in the arguments or the table.
    """
    args = parse_args(argv)
    words = sys.argv[1:] if argv is None else argv
    try:
        write_config(args, f'python tools/data/table/make_config.py {shlex.join(words)}')
    except (ValueError, OSError) as error:
        print(f'make_config: {error}', file=sys.stderr)
        return 2
    print(f'{args.out}: written. Train with `python tools/train.py {args.out}`.')
    return 0


if __name__ == '__main__':
    sys.exit(main())
