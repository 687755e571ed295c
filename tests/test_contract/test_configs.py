"""Every config loads, names only things that exist, and says what it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mmengine.registry
import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry

from projects.bss.datasets import TransformImages

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
FILES = sorted(CONFIGS.rglob('*.py'))
RECIPES = [path for path in FILES if '_base_' not in path.relative_to(CONFIGS).parts]
ROOTS = [value for value in vars(mmengine.registry).values() if isinstance(value, Registry)]
# Keys that builders take out before they call the class, and dicts whose `type` is no class.
BUILDER_KEYS = {'type', '_scope_', 'priority', 'by_epoch', 'convert_to_iter_based'}
PLAIN_DICTS = {'pacing'}


def name_of(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


def typed_dicts(value: Any, where: str = '') -> Iterator[tuple[str, dict]]:
    """All dicts with a `type`, with their place in the config."""
    if isinstance(value, dict):
        if isinstance(value.get('type'), str) and where.split('.')[-1] not in PLAIN_DICTS:
            yield where, value
        for key, part in value.items():
            if key != 'transforms':  # those of torchvision, see below
                yield from typed_dicts(part, f'{where}.{key}' if where else str(key))
    elif isinstance(value, (list, tuple)):
        for index, part in enumerate(value):
            yield from typed_dicts(part, f'{where}[{index}]')


def resolve(name: str) -> Any:
    """What a name stands for in any registry, None if nothing."""
    for root in ROOTS:
        with root.switch_scope_and_registry(None) as registry:
            found = registry.get(name)
        if found is not None:
            return found
    return None


def unknown_arguments(target: Any, given: dict) -> set[str]:
    parameters = inspect.signature(target).parameters
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return set()
    return set(given) - set(parameters) - BUILDER_KEYS


def bases(path: Path) -> list[Path]:
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_':
            value = ast.literal_eval(node.value)
            return [path.parent / name for name in ([value] if isinstance(value, str) else value)]
    return []


def depth(path: Path) -> int:
    return max((1 + depth(base) for base in bases(path)), default=0)


def test_there_are_recipes() -> None:
    assert {'bss/nvgesture_bssl.py', 'bss/nvgesture_bssh.py'} <= set(map(name_of, RECIPES))


@pytest.mark.parametrize('path', RECIPES, ids=name_of)
def test_every_type_resolves_and_takes_its_arguments(path: Path) -> None:
    cfg = Config.fromfile(path)
    problems = []
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
        for where, part in typed_dicts(cfg._cfg_dict.to_dict()):
            target = resolve(part['type'])
            if target is None:
                problems.append(f'{where}: no {part["type"]}')
            elif unknown_arguments(target, part):
                problems.append(f'{where}: {part["type"]} lacks {unknown_arguments(target, part)}')
            elif target is TransformImages:
                TransformImages(**{key: value for key, value in part.items() if key != 'type'})
    assert problems == []


@pytest.mark.parametrize('path', RECIPES, ids=name_of)
def test_header_names_purpose_command_and_source(path: Path) -> None:
    header = ast.get_docstring(ast.parse(path.read_text(encoding='utf-8')))
    assert header, 'a config starts with a docstring'
    assert f'python tools/train.py configs/{name_of(path)}' in header
    assert any(word in header.lower() for word in ('paper', 'official', 'our choice', 'section'))


@pytest.mark.parametrize('path', RECIPES, ids=name_of)
def test_inheritance_has_at_most_three_steps(path: Path) -> None:
    assert depth(path) <= 3


@pytest.mark.parametrize('path', FILES, ids=name_of)
def test_config_imports_nothing(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    assert not [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]


def test_every_rebalancing_method_has_a_config_for_every_data_set() -> None:
    methods: dict[str, set[str]] = {}
    for path in CONFIGS.glob('rebalance/*.py'):
        data, method = path.stem.split('_')
        methods.setdefault(data, set()).add(method)
    all_of_them = {'agm', 'amss', 'amss-plus', 'domfn', 'mla', 'mmpareto', 'mses', 'mslr', 'ogm',
                   'ogm-ge', 'ogr-gb', 'pmr', 'reconboost', 'smv'}
    paper = ('cremad', 'kinetics-sounds', 'vggsound', 'twitter2015', 'sarcasm', 'nvgesture')
    # What is trained with Adam can do without AGM's clipping.
    assert methods == {**dict.fromkeys(paper, all_of_them),
                       **dict.fromkeys(('avmnist', 'grid-letters'), all_of_them | {'agm-clip'})}


def test_model_index_names_existing_configs() -> None:
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
    models = [model for file in index['Import']
              for model in yaml.safe_load((ROOT / file).read_text(encoding='utf-8'))['Models']]
    assert len({model['Name'] for model in models}) == len(models)
    assert [model['Config'] for model in models if not (ROOT / model['Config']).is_file()] == []
    recipes = {f'configs/{name_of(path)}' for path in RECIPES}
    assert 'configs/bss/nvgesture_bssl.py' in {model['Config'] for model in models} <= recipes
