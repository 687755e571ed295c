"""Model cards: what the metafiles say about the configs, and the tables made of it."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PAPER, OURS, NOT_RUN = 'paper', 'this repository', 'not run'
# What an entry of `Results` must have, by its provenance.
_NEEDS = {PAPER: ('Source', 'Metrics'), OURS: ('Log', ), NOT_RUN: ()}
_MEASURES = {'acc': 'Accuracy', 'map': 'MAP', 'macro_f1': 'Macro F1'}
_SUFFIX = ' (paper)'
_NOTES = 'docs/en/results/README.md#oddities-of-the-papers-tables'


@dataclass(frozen=True)
class Card:
    """One config.

    Args:
        name: Name of the model.
        config: Path of the config below the repository.
        method: Row of the tables.
        data: Data set, with its variant.
        variant: What sets it apart from the plain config of method and data set, if anything.
        notes: Letters of the notes to its numbers.
        results: Entries of ``Results``.
    """

    name: str
    config: str
    method: str
    data: str
    variant: str | None
    notes: tuple[str, ...]
    results: tuple[dict[str, Any], ...]

    def of(self, provenance: str) -> list[dict[str, Any]]:
        """Return the results of one provenance.

        Args:
            provenance: ``'paper'``, ``'this repository'`` or ``'not run'``.
        """
        return [result for result in self.results if result['Provenance'] == provenance]

    def paper_numbers(self) -> dict[str, float]:
        """Return the numbers of the paper by measure."""
        return {name.removesuffix(_SUFFIX): value for result in self.of(PAPER)
                for name, value in result['Metrics'].items()}


def read_cards(metafile: Path) -> list[Card]:
    """Read the models of a metafile.

    Args:
        metafile: The file.

    Returns:
        The cards, in order.
    """
    models = yaml.safe_load(metafile.read_text(encoding='utf-8'))['Models']
    return [Card(model['Name'], model['Config'], model['Metadata']['Method'],
                 model['Metadata']['Training Data'], model['Metadata'].get('Variant'),
                 tuple(model['Metadata'].get('Notes', ())), tuple(model['Results']))
            for model in models]


def problems_of(card: Card, root: Path) -> list[str]:
    """Check one card.

    Args:
        card: The card.
        root: The repository.

    Returns:
        One sentence per problem.
    """
    if not (root / card.config).is_file():
        return [f'{card.name}: there is no config {card.config}.']
    problems = [f'{card.name}: a result with provenance {result["Provenance"]!r} needs {key!r}.'
                for result in card.results for key in _NEEDS[result['Provenance']]
                if key not in result]
    if not card.of(OURS) and not card.of(NOT_RUN):
        problems.append(f'{card.name}: its results must have one of this repository, or one with '
                        'provenance "not run".')
    problems += [f'{card.name}: there is no log {result["Log"]}.' for result in card.of(OURS)
                 if not (root / result.get('Log', '')).is_file()]
    return problems


def measured(result: dict[str, Any], root: Path) -> dict[str, str]:
    """Read a result of this repository from the ``summary.json`` of a sweep.

    Args:
        result: The entry of ``Results``.
        root: The repository.

    Returns:
        Measure of the fused stream on the test set by name, in percent, with its spread.

    Raises:
        ValueError: If the log has more than one setting, or the sweep has not tested.
    """
    settings = json.loads((root / result['Log']).read_text(encoding='utf-8'))['settings']
    if len(settings) != 1:
        raise ValueError(f'{result["Log"]} must be of one setting, but has {len(settings)}: commit '
                         'the summary.json of a sweep over seeds only.')
    metrics = settings[0]['metrics']
    if 'test/acc/fused' not in metrics:
        raise ValueError(f'{result["Log"]} must have measures of the test set, but has '
                         f'{list(metrics)}: run the sweep with --test.')
    return {name: _percent(metrics[f'test/{key}/fused']) for key, name in _MEASURES.items()}


def family_table(cards: Sequence[Card], folder: str, root: Path) -> str:
    """Make the table of all configs of a family.

    Args:
        cards: Its cards.
        folder: Where the text will stand, below the repository.
        root: The repository.

    Returns:
        The table in markdown.
    """
    up = '../' * len(Path(folder).parts)
    rows = [['config', 'method', 'data', 'paper', 'this repository', 'provenance']]
    for card in cards:
        notes = ''.join(f' [({letter})]({up}{_NOTES})' for letter in card.notes)
        paper = ', '.join(f'{name} {value:.2f}' for name, value in card.paper_numbers().items())
        own = [f'{name} {value}' for result in card.of(OURS)
               for name, value in measured(result, root).items()]
        rows.append([f'[{card.name}]({Path(card.config).name})',
                     card.method + (f', {card.variant}' if card.variant else ''), card.data,
                     paper + notes or '-', ', '.join(own) or '-',
                     '; '.join(_provenance(result, up) for result in card.results)])
    return table_of(rows)


def overview(families: dict[str, Sequence[Card]], root: Path) -> str:
    """Make the table of methods and data sets, without variants.

    Args:
        families: Cards by family.
        root: The repository.

    Returns:
        The table in markdown.
    """
    cells: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for family, cards in families.items():
        for card in cards:
            if card.variant is None:
                row = cells.setdefault(f'[{card.method}](configs/{family})', {})
                row[card.data] = _cell(card, root)
                columns[card.data] = None
    return table_of([['', *columns], *(
        [method, *(row.get(data, '') for data in columns)] for method, row in cells.items())])


def _cell(card: Card, root: Path) -> str:
    numbers = card.paper_numbers()
    parts = [' / '.join(f'{numbers[name]:.2f}' for name in _MEASURES.values() if name in numbers)]
    parts += [f'**{measured(result, root)["Accuracy"]}**' for result in card.of(OURS)]
    return '<br>'.join(part for part in parts if part) or 'not run'


def _percent(value: dict[str, Any]) -> str:
    mean = f'{100 * value["mean"]:.1f}'
    return mean if value['std'] is None else f'{mean} ± {100 * value["std"]:.1f} (n={value["n"]})'


def _provenance(result: dict[str, Any], up: str) -> str:
    if 'Log' in result:
        return f'[{result["Provenance"]}]({up}{result["Log"]})'
    return f'{result["Provenance"]}, {result["Source"]}' if 'Source' in result else (
        'not run here')


def table_of(rows: Sequence[Sequence[str]]) -> str:
    """Write a table in markdown.

    Args:
        rows: Its cells, the head first.

    Returns:
        The table, without a line break at the end.
    """
    lines = ['| ' + ' | '.join(row) + ' |' for row in rows]
    return '\n'.join([lines[0], '|---' * len(rows[0]) + '|', *lines[1:]])
