"""Every registered name of this package resolves wherever its users' configs are read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import mmengine.registry
import pytest
from mmengine.registry import DefaultScope, Registry

import projects.bss  # noqa: F401

ROOTS = [value for value in vars(mmengine.registry).values() if isinstance(value, Registry)]
PUBLIC = {
    'BSSHook', 'BalanceSampler', 'HeuristicScheduler', 'LearningBasedScheduler', 'BalanceMeasurer',
    'CurriculumTrainLoop', 'MultiModalClassifier', 'JointHead', 'InceptionI3D', 'NVGestureDataset',
    'PackMultiModalInputs',
}


def ours() -> list[tuple[Registry, str, type]]:
    return [(registry, name, value) for registry in ROOTS
            for name, value in registry.module_dict.items()
            if value.__module__.startswith('projects.bss')]


@contextmanager
def default_scope(name: str | None) -> Iterator[None]:
    with mock.patch.object(DefaultScope, '_instance_dict', OrderedDict()):
        with DefaultScope.overwrite_default_scope(name):
            yield


def test_public_names_are_registered_once() -> None:
    names = [name for _, name, _ in ours()]
    assert PUBLIC <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize('scope', ['mmaction', 'mmengine', None])
def test_names_resolve_to_our_classes(scope: str | None) -> None:
    with default_scope(scope):
        for registry, name, value in ours():
            with registry.switch_scope_and_registry(None) as current:
                assert current.get(name) is value, f'{name} in {registry.name} under {scope}'
