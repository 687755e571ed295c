"""Making data sets from their raw downloads, and checking what is there."""
from projects.bss.datasets.preparation.audio_video import ClipPreparation, youtube_id
from projects.bss.datasets.preparation.command import (LinkingPreparation, Preparation, run,
                                                       unchecked)
from projects.bss.datasets.preparation.hold_out import is_held_out, write_held_out
from projects.bss.datasets.preparation.media import Extraction, extract_all, place, whole

__all__ = [
    'ClipPreparation', 'Extraction', 'LinkingPreparation', 'Preparation', 'extract_all',
    'is_held_out', 'place', 'run', 'unchecked', 'whole', 'write_held_out', 'youtube_id',
]
