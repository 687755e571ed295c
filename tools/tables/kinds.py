"""What the columns of a table hold."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from projects.bss.datasets.arrays import ARRAY_SUFFIXES
from projects.bss.datasets.table_file import Table

SUFFIXES = {
    'image': ('.jpg', '.jpeg', '.png', '.bmp', '.webp'),
    'audio': ('.wav', '.flac', '.ogg', '.mp3'),
    'video': ('.avi', '.mp4', '.mkv', '.mov', '.webm', '.mpg', '.mpeg'),
    'array': ARRAY_SUFFIXES,
}
KINDS = (*SUFFIXES, 'text', 'numeric')
_WORDS_OF_TEXT = 2.0


def guess_kinds(table: Table, ignored: Sequence[str]) -> dict[str, tuple[str | None, str]]:
    """Guess what the columns of a table hold from their cells.

    Args:
        table: The table.
        ignored: Columns that are no modality: label, id, split, group.

    Returns:
        Column -> kind, or None for a column that is better left out, and the reason.
    """
    return {column: _guess([row[column] for row in table.rows if row[column] is not None])
            for column in table.columns if column not in ignored}


def find_prefix(root: Path, table: Table, column: str) -> str:
    """Find the folder to which the file names of a column are relative.

    Args:
        root: Folder of the table.
        table: The table.
        column: Column of file names.

    Returns:
        ``''`` for ``root`` itself, or the name of one of its folders.

    Raises:
        FileNotFoundError: If the first file is in none of them.
    """
    position = next(index for index, row in enumerate(table.rows) if row[column] is not None)
    name = str(table.rows[position][column])
    folders = ['', *sorted(folder.name for folder in root.iterdir() if folder.is_dir())]
    for folder in folders:
        if (root / folder / name).exists():
            return folder
    raise FileNotFoundError(table.error(
        position, column, f'there is no file {name!r} in {str(root)!r} or one of its folders; '
        'correct the cell, or write names relative to the folder of the table.'))


def _guess(cells: Sequence[Any]) -> tuple[str | None, str]:
    texts = [str(cell) for cell in cells]
    if not texts:
        return None, 'all cells are empty'
    suffixes = {Path(text).suffix.lower() for text in texts}
    for kind, known in SUFFIXES.items():
        if suffixes <= set(known):
            return kind, f'file names in {"/".join(sorted(suffixes))}'
    if _all(float, texts):
        counts = _all(int, texts) and len({int(text) for text in texts}) == len(texts)
        return (None, 'whole numbers, all different: numbers of rows?') if counts \
            else ('numeric', 'numbers')
    words = sum(len(text.split()) for text in texts) / len(texts)
    if words >= _WORDS_OF_TEXT:
        return 'text', f'{words:.1f} words on average'
    return None, 'single words: names or categories'


def _all(kind: Callable[[str], Any], texts: Sequence[str]) -> bool:
    try:
        return all(kind(text) is not None for text in texts)
    except ValueError:
        return False
