"""What tests of data sets share."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from mmengine.logging import MMLogger


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Messages of mmengine's logger, which does not propagate to pytest's handler."""
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)
