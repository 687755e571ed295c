"""The table of the rebalancing methods, made of what the registered classes say of themselves."""
from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from mmengine.registry import HOOKS

from projects.bss.rebalance import CheckpointState, registered_methods

from .cards import table_of

# Options that modules have anyway.
USUAL = ('init_cfg', )


def method_table(pages: Path) -> str:
    """Make the table of all registered methods.

    Args:
        pages: Folder of their pages, where the table stands too.

    Returns:
        The table in markdown.
    """
    rows = [['method', 'changes', 'modalities', 'options', 'state in checkpoints',
             'computes on top', 'accumulated batches', 'several processes', 'reference']]
    for name, method in registered_methods().items():
        title, reference = title_and_reference(method)
        rows.append([
            f'[{title}]({page_of(method, pages)}): `{name}`', method.seam, modalities_of(method),
            _code(f'{option}={value!r}' for option, value in options_of(method).items()),
            _code(state_of(name, method)), method.extra_work, method.accumulation,
            f'`{method.model_wrapper}`', reference])
    return table_of(rows)


def title_and_reference(method: type) -> tuple[str, str]:
    """Read the docstring of the module.

    Args:
        method: The class.

    Returns:
        What stands before the colon of its first line; and authors, title, venue and year of its
        reference.

    Raises:
        ValueError: If the docstring lacks one of them.
    """
    text = inspect.getdoc(sys.modules[method.__module__]) or ''
    title, colon, _ = text.partition(': ')
    words = iter(text.partition('Reference:\n')[2].split())
    cited = []
    for word in words:
        cited.append(word)
        if word.rstrip('.,').isdecimal():
            break
    if not colon or not cited or not cited[-1].rstrip('.,').isdecimal():
        raise ValueError(f'The docstring of {method.__module__} must begin with the name of the '
                         'method and a colon, and have a section "Reference:" with authors, '
                         'title, venue and year, for the table of the methods.')
    return title, ' '.join(cited).rstrip('.,')


def page_of(method: type, pages: Path) -> str:
    """Find the page of a method: it is called as its module is, or as the first part of it.

    Args:
        method: The class.
        pages: Folder of the pages.

    Returns:
        Name of the file.

    Raises:
        FileNotFoundError: If there is no page.
    """
    module = method.__module__.rpartition('.')[2]
    found = [page.name for page in pages.glob('*.md') if module.startswith(page.stem)]
    if not found:
        raise FileNotFoundError(f'{method.__name__} has no page {pages / module}.md: write it, as '
                                'docs/en/advanced_guides/add_a_method.md says.')
    return max(found, key=len)


def modalities_of(method: Any) -> str:
    """Say how many modalities a method takes.

    Args:
        method: The class.

    Returns:
        The number in words.
    """
    least, most = getattr(method, 'supported_modalities', None) or method.modalities
    if 'extension' in options_of(method):
        return f'{least}; more with `extension`'
    return f'{least} or more' if most is None else f'{least} to {most}'


def options_of(method: type) -> dict[str, Any]:
    """Collect the options of a method with their defaults.

    Args:
        method: The class. What has no default is none of its options, but a part of any model.

    Returns:
        Default by name.
    """
    return {name: parameter.default
            for name, parameter in inspect.signature(method).parameters.items()
            if parameter.default is not parameter.empty and name not in USUAL}


def state_of(name: str, method: type) -> list[str]:
    """Name what a method keeps in checkpoints.

    Args:
        name: Registered name.
        method: The class. Buffers are those attributes that are annotated as tensors.

    Returns:
        Names of the entries.
    """
    if issubclass(method, CheckpointState):
        return list(HOOKS.build(dict(type=name)).state_dict())
    return [key for key, kind in inspect.get_annotations(method).items() if kind == 'Tensor']


def _code(parts: Any) -> str:
    return ', '.join(f'`{part}`' for part in parts) or 'none'
