"""Making data sets from their raw downloads, and checking what is there."""
from projects.bss.datasets.preparation.command import Preparation, run, unchecked
from projects.bss.datasets.preparation.media import Extraction, extract_all

__all__ = ['Extraction', 'Preparation', 'extract_all', 'run', 'unchecked']
