"""The table of the rebalancing methods, from classes as they are and from one that is made here."""
from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest
from mmengine.registry import HOOKS

from projects.bss.rebalance import CheckpointState, LossHook, RebalancingMethod
from tools.misc.build_tables import METHODS, ROOT
from tools.misc.methods import method_table, modalities_of, page_of, title_and_reference

DOCSTRING = """Thirteen: a method of its own.

Reference:
    First, Second: Of Methods: And
    Others, Conference 2031, section 3. The 1st of 2 codes, 1999.
"""


def rows() -> dict[str, list[str]]:
    """Cells of the real table by registered name."""
    lines = method_table(ROOT / METHODS).splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
    return {row[0].split('`')[1]: row[1:] for row in cells}


def test_rows_of_three_seams() -> None:
    table = rows()
    assert table['MMParetoClassifier'][:7] == [
        'step', '2 or more', "`gamma=1.5`, `norm='encoder'`", 'none',
        'M + 1 backward passes per batch', 'refused', '`StepDataParallel`']
    assert table['MSLRHook'][:4] == ['learning rate', '2 or more', '`window=5`, `factors=None`',
                                     '`history`, `validated_epoch`']
    assert table['DOMFNHead'][2:4] == [
        '`gamma=0.8`, `eta=0.5`, `tau=0.2`, `pretrain_epochs=10`', '`joint_trained`']
    assert table['PMRHook'][1] == '2; more with `extension`'
    assert table['OGMHook'][-1] == (
        'Peng, Wei, Deng, Wang, Hu: Balanced Multimodal Learning via On-the-fly Gradient '
        'Modulation, CVPR 2022')


@pytest.fixture
def thirteenth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type:
    """A new method of the package."""
    module = ModuleType('projects.bss.rebalance.thirteen', DOCSTRING)
    monkeypatch.setitem(sys.modules, module.__name__, module)

    class ThirteenHook(CheckpointState, LossHook):
        """A method."""

        __module__ = 'projects.bss.rebalance.thirteen'
        modalities: ClassVar[tuple[int, int | None]] = (2, 3)

        def __init__(self, strength: float = 0.25) -> None:
            self.strength = strength

        def modify(self, losses, outputs):
            return losses

        def state_dict(self):
            return dict(count=1)

        def load_state_dict(self, state):
            pass

    HOOKS.register_module(module=ThirteenHook)
    yield ThirteenHook
    del HOOKS.module_dict['ThirteenHook']


def test_a_new_method_gets_a_row_by_itself(thirteenth: type, tmp_path: Path) -> None:
    for page in (ROOT / METHODS).glob('*.md'):
        (tmp_path / page.name).touch()
    with pytest.raises(FileNotFoundError, match='ThirteenHook has no page .*thirteen.md: write it'):
        method_table(tmp_path)
    (tmp_path / 'thirteen.md').touch()
    (row, ) = [line for line in method_table(tmp_path).splitlines() if 'Thirteen' in line]
    assert row == (
        '| [Thirteen](thirteen.md): `ThirteenHook` | loss | 2 to 3 | `strength=0.25` | `count` | '
        'none | whole | `MMDistributedDataParallel` | First, Second: Of Methods: And Others, '
        'Conference 2031 |')
    assert modalities_of(thirteenth) == '2 to 3'


@pytest.mark.parametrize('text', ['', 'No name here.', 'Name: but no reference.',
                                  'Name: it is.\n\nReference:\n    Somebody, some time.'])
def test_a_docstring_that_does_not_serve(thirteenth: type, text: str) -> None:
    sys.modules[thirteenth.__module__].__doc__ = text
    with pytest.raises(ValueError, match='thirteen must begin with the name of the method and a'):
        title_and_reference(thirteenth)


def test_a_part_of_a_method_has_its_page(tmp_path: Path) -> None:
    for name in ('agm.md', 'a.md', 'ogm.md'):
        (tmp_path / name).touch()

    class Clip(RebalancingMethod):
        __module__ = 'projects.bss.rebalance.agm_clip'

    assert page_of(Clip, tmp_path) == 'agm.md'
