"""Balance-aware sequence sampling for multi-modal learning (BSS, IJCAI 2025).

Importing this package registers its parts in mmengine's root registries. Where mmengine is not
installed only ``projects.bss.functional``, which needs torch alone, is available.
"""

from importlib.util import find_spec

from projects.bss.paths import config_path
from projects.bss.version import __version__

if find_spec('mmengine') is not None:
    from projects.bss import compat

    compat.apply()

    from projects.bss import datasets, engine, evaluation, models, rebalance  # noqa: F401

__all__ = ['__version__', 'config_path']
