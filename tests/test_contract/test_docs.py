"""What the documents say is so: examples run, links and paths exist, nothing is left out."""
from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from urllib.parse import unquote

import mmengine.registry
import pytest
import torch
from mmengine.registry import DefaultScope, Registry

import projects.bss.functional

ROOT = Path(__file__).resolve().parents[2]
REGISTRIES = [part for part in vars(mmengine.registry).values() if isinstance(part, Registry)]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]
DOCS = [*PAGES, ROOT / 'CHANGELOG.md', ROOT / 'CONTRIBUTING.md']
FENCE = re.compile(r'^```(\w*)\n(.*?)^```$', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#+ (.+)$', re.MULTILINE)
# A path of the repository begins with one of its folders; one with <, * or { is a pattern.
PATH = re.compile(r'(?<![\w./-])(?:configs|docs|projects|tests|tools)/[^\s`\'")\],:;|#]*')
EXAMPLE = 'example'  # name of the module that an example is
ABSENT = 'projects/__init__.py'  # named because there must be none


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding='utf-8')


def blocks(path: Path, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(text_of(path)) if found == language]


def prose(path: Path) -> str:
    return FENCE.sub('', text_of(path))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a document."""
    titles = (re.sub(r'[^\w\- ]', '', title.lower()) for title in HEADING.findall(prose(path)))
    return {title.strip().replace(' ', '-') for title in titles}


def broken_links(path: Path) -> list[str]:
    broken = []
    for link in LINK.findall(prose(path)):
        target, _, anchor = unquote(link).partition('#')
        if '://' in target:
            continue
        file = path.parent / target if target else path
        if not file.exists() or anchor and anchor not in anchors(file):
            broken.append(link)
    return broken


def missing_paths(text: str) -> list[str]:
    found = [path.rstrip('.') for path in PATH.findall(text) if not set(path) & set('<*{')]
    return [path for path in found if (ROOT / path).exists() == (path == ABSENT)]


@pytest.fixture
def untouched_process(tmp_path, monkeypatch):
    """Another working directory; what an example registers, selects or seeds ends with the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(DefaultScope, '_instance_dict', OrderedDict())
    with torch.random.fork_rng():
        yield
    for registry in REGISTRIES:
        # Not all that is new: the first import of a library registers its parts for good.
        for name, part in list(registry.module_dict.items()):
            if getattr(part, '__module__', '') == EXAMPLE:
                del registry.module_dict[name]


@pytest.mark.parametrize('path', [path for path in PAGES if blocks(path, 'python')], ids=name_of)
def test_examples_run(path, untouched_process):
    namespace = {'__name__': EXAMPLE}
    for number, body in enumerate(blocks(path, 'python'), 1):
        exec(compile(body, f'{name_of(path)}, example {number}', 'exec'), namespace)


@pytest.mark.parametrize('path', DOCS, ids=name_of)
def test_links_lead_somewhere(path):
    assert broken_links(path) == []


@pytest.mark.parametrize('path', PAGES, ids=name_of)
def test_paths_exist(path):
    assert missing_paths(text_of(path)) == []


def test_every_fence_names_a_known_language():
    known = {'bash', 'bibtex', 'console', 'diff', 'python', 'text'}
    unknown = [(name_of(path), language) for path in DOCS
               for language, _ in FENCE.findall(text_of(path)) if language not in known]
    assert unknown == []
    assert all(text_of(path).count('\n```') % 2 == 0 for path in DOCS)


def test_every_registered_name_is_mentioned():
    ours = {name for registry in REGISTRIES for name, part in registry.module_dict.items()
            if getattr(part, '__module__', '').startswith('projects.bss')}
    assert 'BSSHook' in ours
    texts = '\n'.join(map(text_of, DOCS))
    assert {name for name in ours if not re.search(rf'\b{name}\b', texts)} == set()


def test_every_recipe_is_mentioned():
    recipes = {name_of(path) for path in (ROOT / 'configs').glob('[!_]*/*.py')
               if '-mini' not in path.name}
    texts = '\n'.join(map(text_of, DOCS))
    assert {name for name in recipes
            if name not in texts and name_of(Path(ROOT, name).parent) not in texts} == set()


def test_every_tool_is_mentioned():
    tools = {name_of(path) for folder in ('*.py', '*.sh', 'data/*/*.py')
             for path in (ROOT / 'tools').glob(folder)}
    texts = '\n'.join(map(text_of, DOCS))
    assert {name for name in tools if name not in texts} == set()


def test_every_function_of_the_core_is_mentioned():
    texts = '\n'.join(map(text_of, DOCS))
    assert {name for name in projects.bss.functional.__all__ if name not in texts} == set()


class TestTheChecksThemselves:

    def test_links_and_anchors(self, tmp_path):
        page = tmp_path / 'page.md'
        page.write_text('# One & two, `three`\n[a](#one--two-three) [b](#none) [c](gone.md)\n'
                        '```text\n[d](also-gone.md)\n```\n[e](https://example.org/x#y)\n')
        assert broken_links(page) == ['#none', 'gone.md']

    def test_paths(self):
        text = ('`tools/train.py` tools/none.py work_dirs/tools/none configs/<family>/x.py '
                'configs/bss/nvgesture-mini_*.py projects/bss/engine')
        assert missing_paths(text) == ['tools/none.py']
