"""Where the configs of this package are."""

from __future__ import annotations

import difflib
from pathlib import Path

# In a checkout `bss/.mim/configs` is a link to `configs`, in a wheel a copy: one path serves both.
_CONFIGS = Path(__file__).resolve().parents[2] / 'bss' / '.mim' / 'configs'


def config_path(name: str) -> str:
    """Find a config of this package in a checkout, an editable install or a wheel.

    Args:
        name: Path below ``configs/``, e.g. ``'bss/nvgesture_bssl.py'``.

    Returns:
        The absolute path of the file.

    Raises:
        FileNotFoundError: If there is no such config; the message names the nearest ones.
    """
    configs = _CONFIGS.resolve()
    path = configs / name
    if path.is_file():
        return str(path)
    recipes = sorted(configs.glob('[!_]*/**/*.py'))
    known = [file.relative_to(configs).as_posix() for file in recipes]
    nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f'Did you mean {" or ".join(nearest)}?' if nearest else f'Configs are in {configs}.'
    raise FileNotFoundError(
        f'There is no config file {name!r}, neither as a path nor below {configs}. {hint}'
    )
