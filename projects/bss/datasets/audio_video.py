"""Data sets of sound files beside folders of frames."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.images import count_frames

AUDIO, VIDEO = 'audio', 'video'


class AudioVideoDataset(MultiModalDataset):
    """Clips of which each has one sound file and one folder of frames.

    Args:
        modalities: ``'audio'``, ``'video'`` or both, in the order of the model.
        min_frames: Clips with a smaller number of frames in their folder are no part of the set,
            whichever modalities are used; the log names them. A folder that is missing is a matter
            of ``on_error`` instead.
        data_prefix: Folders of the sound files and of the folders of frames, as ``'audio'`` and
            ``'video'``; relative ones lie below ``data_root``.
        **kwargs: ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the other arguments
            of ``MultiModalDataset``.

    Raises:
        ValueError: If ``modalities`` names anything else or ``min_frames`` is not positive.
    """

    def __init__(self, *, modalities: Sequence[str] = (AUDIO, VIDEO), min_frames: int = 1,
                 data_prefix: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        unknown = sorted(set(modalities) - {AUDIO, VIDEO})
        if unknown:
            raise ValueError(f'modalities must be among {(AUDIO, VIDEO)}, got {unknown}; correct '
                             'the list.')
        if min_frames < 1:
            raise ValueError(f'min_frames must be at least 1, got {min_frames}; correct it.')
        self.min_frames = min_frames
        super().__init__(modalities=modalities, data_prefix=dict(data_prefix or {}), **kwargs)

    def record(self, clip_id: str, label: int, folder: str | None = None) -> dict:
        """Make the record of a clip.

        Args:
            clip_id: Name of the clip, and of its sound file without ``.wav``.
            label: Class index from 0.
            folder: Name of its folder of frames, if that is another one.

        Returns:
            The record, with the streams of the used modalities.
        """
        streams = {
            AUDIO: dict(path=str(Path(self.data_prefix[AUDIO], f'{clip_id}.wav')), format='audio'),
            VIDEO: dict(path=str(Path(self.data_prefix[VIDEO], folder or clip_id)),
                        format='frames'),
        }
        return {'clip_id': clip_id, 'gt_label': label, 'frame_folder': streams[VIDEO]['path'],
                'modalities': {name: streams[name] for name in self.modalities}}

    def filter_data(self) -> list[dict]:
        """Look for the files of every clip, and drop clips of too few frames.

        Returns:
            The records of the set.

        Raises:
            FileNotFoundError: As ``MultiModalDataset``.
            ValueError: If every clip has too few frames.
        """
        records = super().filter_data()
        short = [record for record in records if self._is_short(record['frame_folder'])]
        if short and len(short) == len(records):
            raise ValueError(f'All {len(records)} clips of {type(self).__name__} have fewer than '
                             f'min_frames = {self.min_frames} frames; extract more frames, or '
                             'lower min_frames.')
        if short:
            print_log(f'{type(self).__name__} leaves out {len(short)} of {len(records)} clips with '
                      f'fewer than {self.min_frames} frames: '
                      f'{", ".join(record["clip_id"] for record in short)}.',
                      logger='current', level=logging.WARNING)
        dropped = set(map(id, short))
        return [record for record in records if id(record) not in dropped]

    def _is_short(self, folder: str) -> bool:
        return (self.min_frames > 1 and Path(folder).is_dir()
                and count_frames(folder) < self.min_frames)
