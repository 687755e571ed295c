"""These tests need the plugin that simulates the accelerator."""
from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config) -> None:
    if not config.pluginmanager.has_plugin('tests.accelerator'):
        raise pytest.UsageError('tests/test_accelerator needs the simulated accelerator: run `make '
                                'test-device`, or add `-p tests.accelerator`.')
