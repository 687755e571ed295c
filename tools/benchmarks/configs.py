"""Configs of the benchmarks."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config

from projects.bss.paths import config_path


def read_config(name: str, options: dict[str, Any]) -> Config:
    """Read a config.

    Args:
        name: Path of a config, or its path below ``configs/``.
        options: Changes, by dotted key.

    Returns:
        The changed config.
    """
    cfg = Config.fromfile(name if Path(name).is_file() else config_path(name))
    cfg.merge_from_dict(options)
    return cfg
