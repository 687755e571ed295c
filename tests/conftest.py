"""Data that several tests read, written once per session."""
from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data import write_nvgesture, write_small_miniature


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what needs the simulated accelerator, a plugin, where it is not asked for."""
    simulated = config.pluginmanager.has_plugin('tests.accelerator')
    return True if collection_path.name == 'test_accelerator' and not simulated else None


@pytest.fixture(scope='module', autouse=True)
def frozen_heap() -> Iterator[None]:
    """Spare the garbage collector what earlier imports have made.

    mmengine collects garbage whenever a data set is built, which takes most of a second once torch
    and transformers are in the process.
    """
    gc.collect()
    gc.freeze()
    yield


def pytest_sessionfinish() -> None:
    """Let the interpreter take down at its end what was frozen."""
    gc.unfreeze()


@pytest.fixture(scope='session')
def nvgesture_mini_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few clips in NVGesture's layout with flow, real ones where they are at hand."""
    return write_nvgesture(tmp_path_factory.mktemp('data') / 'nvgesture')


@pytest.fixture(scope='session')
def miniature_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated miniature of 16 + 8 clips, 4 classes, 8 frames, 32 pixels."""
    return write_small_miniature(tmp_path_factory.mktemp('data') / 'miniature')
