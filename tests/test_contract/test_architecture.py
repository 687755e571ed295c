"""Rules of the house that can be read off the source text."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / 'projects' / 'bss'
SOURCES = sorted([*PACKAGE.rglob('*.py'), *(ROOT / 'tools').rglob('*.py')])
TREES = {path: ast.parse(path.read_text(encoding='utf-8')) for path in SOURCES}

# What each layer may import from this package, apart from itself.
LAYERS = {
    'functional': (),
    'datasets': ('functional',),
    'evaluation': ('functional',),
    'models': ('functional',),
    'engine': ('datasets.samplers', 'functional'),
    'rebalance': ('functional', 'datasets', 'evaluation', 'models', 'engine'),
    'analysis': ('functional', 'datasets', 'evaluation', 'models', 'engine'),
}
# Importing the package registers everything, so its __init__ names every layer.
PREFIX = 'projects.bss.'
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
MACHINE_PATH = re.compile(r'(?<![\w.~$}])/(home|root|Users|work|mnt|opt|srv)/\w')


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Absolute dotted names that a file imports; `from a import b` gives `a.b`."""
    package = '.'.join(path.relative_to(ROOT).parent.parts)
    names = set()
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = '.' * node.level + (node.module or '')
            module = importlib.util.resolve_name(module, package)
            names |= {f'{module}.{alias.name}' for alias in node.names}
    return names


def layer(path: Path) -> str | None:
    parts = path.relative_to(PACKAGE).parts if path.is_relative_to(PACKAGE) else ()
    return parts[0] if len(parts) > 1 else None


def functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield path, node


def body(function: ast.FunctionDef) -> list[ast.stmt]:
    """Statements of a function without its docstring."""
    return function.body[1:] if ast.get_docstring(function) else function.body


def body_lines(function: ast.FunctionDef) -> int:
    statements = body(function)
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0


def is_abstract(function: ast.FunctionDef) -> bool:
    return any('abstract' in ast.unparse(decorator) for decorator in function.decorator_list)


def test_every_layer_is_known() -> None:
    found = {path.parent.name for path in PACKAGE.glob('*/__init__.py')}
    assert {'functional', 'datasets', 'evaluation', 'models', 'engine'} <= found <= set(LAYERS)


def test_layers_import_only_what_they_may() -> None:
    wrong = []
    for path in SOURCES:
        name = layer(path)
        if name is None:
            continue
        allowed = tuple(f'{PREFIX}{part}.' for part in (name, *LAYERS[name]))
        wrong += [f'{short(path)} imports {used}' for used in sorted(imports(path))
                  if used.startswith('projects.') and not f'{used}.'.startswith(allowed)]
    assert wrong == []


def test_only_the_package_itself_imports_rebalance() -> None:
    users = {PACKAGE / '__init__.py', ROOT / 'tools' / 'misc' / 'methods.py'}  # the table of them
    assert [short(path) for path in SOURCES
            if layer(path) != 'rebalance' and path not in users
            and any(f'{used}.'.startswith(f'{PREFIX}rebalance.') for used in imports(path))] == []


def test_functional_needs_torch_only() -> None:
    allowed = {'torch', 'projects', *sys.stdlib_module_names}
    assert [f'{short(path)} imports {used}' for path in SOURCES if layer(path) == 'functional'
            for used in sorted(imports(path)) if used.split('.')[0] not in allowed] == []


def test_projects_is_a_namespace() -> None:
    assert not (ROOT / 'projects' / '__init__.py').exists()


def test_sub_packages_list_their_public_names() -> None:
    assert [short(path) for path in PACKAGE.rglob('__init__.py')
            if '__all__' not in path.read_text(encoding='utf-8')] == []


def test_files_have_fewer_than_400_lines() -> None:
    sizes = {short(path): len(path.read_text(encoding='utf-8').splitlines()) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size >= 400} == {}


def test_function_bodies_have_at_most_50_lines() -> None:
    assert [f'{short(path)}:{node.lineno} {node.name} has {body_lines(node)} lines'
            for path, node in functions() if body_lines(node) > 50] == []


def public_members(tree: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """Public functions and classes of a module, and public methods of those classes."""
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, *Function)) and not node.name.startswith('_'):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_members(node)


def test_public_objects_have_docstrings() -> None:
    missing = []
    for path, tree in TREES.items():
        if path.name != '__init__.py' and not ast.get_docstring(tree):
            missing.append(short(path))
        for node in public_members(tree):
            # A method of up to three lines that implements somebody else's contract is plain.
            plain = isinstance(node, Function) and body_lines(node) <= 3
            if not plain and not ast.get_docstring(node):
                missing.append(f'{short(path)}:{node.lineno} {node.name}')
    assert missing == []


def test_user_input_is_not_checked_by_assert() -> None:
    assert [f'{short(path)}:{node.lineno}' for path, tree in TREES.items()
            for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


def test_no_exception_is_caught_bare_or_swallowed() -> None:
    assert [f'{short(path)}:{node.lineno}' for path, tree in TREES.items()
            for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)
            and (node.type is None or all(isinstance(part, ast.Pass) for part in node.body))] == []


def test_concrete_functions_are_implemented() -> None:
    unfinished = []
    for path, node in functions():
        raises = any(isinstance(part, ast.Raise) and 'NotImplementedError' in ast.unparse(part)
                     for part in body(node))
        empty = bool(body(node)) and all(isinstance(part, ast.Pass) for part in body(node))
        if (raises or empty) and not is_abstract(node):
            unfinished.append(f'{short(path)}:{node.lineno} {node.name}')
    assert unfinished == []


def test_tracked_text_names_no_place_on_one_machine_and_nothing_left_to_do() -> None:
    listed = subprocess.run(
        ['git', '-c', 'safe.directory=*', 'ls-files'], cwd=ROOT, capture_output=True, text=True,
        check=True).stdout
    files = [ROOT / name for name in listed.splitlines()]
    assert ROOT / 'setup.cfg' in files
    suffixes = {'.py', '.sh', '.md', '.cfg', '.toml', '.yml', '.yaml', '.txt', ''}
    wrong = []
    for path in files:
        if path.suffix not in suffixes or not path.is_file() or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
            if MACHINE_PATH.search(line) or re.search(r'\b(TODO|FIXME|XXX|HACK)\b', line):
                wrong.append(f'{short(path)}:{number}: {line.strip()}')
    assert wrong == []
