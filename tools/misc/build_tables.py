"""Build the tables of README.md, model cards and methods, or check that they are current."""
from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import yaml

from tools.misc.cards import Card, family_table, overview, problems_of, read_cards
from tools.misc.methods import method_table

COMMAND = 'python tools/misc/build_tables.py'
BEGIN, END = f'<!-- results: begin ({COMMAND}) -->', '<!-- results: end -->'
# Families whose methods are the rows of the table in README.md.
OVERVIEW = ('unimodal', 'fusion', 'rebalance', 'bss')
# Pages of the rebalancing methods, below the repository.
METHODS = 'docs/en/rebalance'


def read_families(root: Path) -> dict[str, list[Card]]:
    """Read all metafiles of the model index.

    Args:
        root: The repository.

    Returns:
        Cards by family, the folder below ``configs/``.
    """
    index = yaml.safe_load((root / 'model-index.yml').read_text(encoding='utf-8'))
    return {Path(name).parent.name: read_cards(root / name) for name in index['Import']}


def find_problems(families: dict[str, list[Card]], root: Path) -> list[str]:
    """Compare cards and configs. Miniatures need no card.

    Args:
        families: Cards by family.
        root: The repository.

    Returns:
        One sentence per problem.
    """
    cards = [card for family in families.values() for card in family]
    problems = [problem for card in cards for problem in problems_of(card, root)]
    recipes = sorted(path.relative_to(root).as_posix()
                     for path in (root / 'configs').glob('[!_]*/*.py') if '-mini' not in path.name)
    known = {card.config for card in cards}
    problems += [f'{recipe} has no entry in {Path(recipe).parent.as_posix()}/metafile.yml, or '
                 'model-index.yml does not import that file.'
                 for recipe in recipes if recipe not in known]
    return problems


def build(families: dict[str, list[Card]], root: Path) -> dict[Path, str]:
    """Build the files with their tables.

    Args:
        families: Cards by family.
        root: The repository.

    Returns:
        What each file should hold.
    """
    tables = {root / 'README.md': overview({name: families[name] for name in OVERVIEW
                                            if name in families}, root)}
    for name, cards in families.items():
        tables[root / 'configs' / name / 'README.md'] = family_table(
            cards, f'configs/{name}', root)
    tables[root / METHODS / 'README.md'] = method_table(root / METHODS)
    return {file: put(table, file) for file, table in tables.items()}


def put(table: str, file: Path) -> str:
    """Put a table between the markers of a file.

    Args:
        table: The table.
        file: The file.

    Returns:
        The new text of the file, which is not written.

    Raises:
        ValueError: If the file does not have the markers, once each and in order.
    """
    text = file.read_text(encoding='utf-8')
    pattern = re.compile(f'{re.escape(BEGIN)}\n.*?{re.escape(END)}', re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f'{file} must have one line {BEGIN!r} and after it one line {END!r}: the '
                         'table goes between them.')
    return pattern.sub(lambda _: f'{BEGIN}\n{table}\n{END}', text)


def main(argv: Sequence[str] | None = None, root: Path = ROOT) -> None:
    """Write the tables, or check them.

    Args:
        argv: Arguments; those of the process by default.
        root: The repository.

    Raises:
        SystemExit: With status 1 if a card is wrong or, with ``--check``, a table is not current.
    """
    parser = argparse.ArgumentParser(
        description='Build the tables of README.md and configs/*/README.md from the metafiles and '
        'from the logs that these name, and that of docs/en/rebalance/README.md from the registry.')
    parser.add_argument('--check', action='store_true',
                        help='write nothing; exit status 1 if a table is not current')
    args = parser.parse_args(argv)
    families = read_families(root)
    problems = find_problems(families, root)
    if not problems:
        for file, text in build(families, root).items():
            if file.read_text(encoding='utf-8') == text:
                continue
            if args.check:
                problems.append(f'The table of {file.relative_to(root)} is not current: run '
                                f'{COMMAND} and commit what it changes.')
            else:
                file.write_text(text, encoding='utf-8')
                print(f'Written: {file.relative_to(root)}')
    if problems:
        print(*problems, sep='\n', file=sys.stderr)
        raise SystemExit(1)


if __name__ == '__main__':
    main()
