"""These tests need the plugin that simulates the accelerator."""
from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Called for tests of other folders too.
    ours = any(Path(__file__).parent in item.path.parents for item in items)
    if ours and not config.pluginmanager.has_plugin('tests.accelerator'):
        raise pytest.UsageError('tests/test_accelerator needs the simulated accelerator: run `make '
                                'test-device`, or add `-p tests.accelerator`.')
