"""The name under which mim and mmengine find the configs and tools of ``projects.bss``."""

from projects.bss import __version__, config_path

__all__ = ['__version__', 'config_path']
