"""CREMA-D: acted emotions in voice and face."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import class_index, line_error, read_rows
from projects.bss.datasets.audio_video import AudioVideoDataset

EMOTIONS = ('NEU', 'HAP', 'SAD', 'FEA', 'DIS', 'ANG')
"""Codes of the six emotions; their place is the class index."""


def actor_of(clip_id: str) -> int:
    """Give the number of the actor of a clip.

    Args:
        clip_id: Name of the clip, ``<actor>_<sentence>_<emotion>_<intensity>``.

    Returns:
        The number, 1001 to 1091 in CREMA-D.

    Raises:
        ValueError: If the name does not begin with a number.
    """
    number = clip_id.partition('_')[0]
    if not number.isdecimal():
        raise ValueError(f'a clip of CREMA-D must be named <actor number>_..., got {clip_id!r}; '
                         'leave actors unset for clips without actor numbers.')
    return int(number)


@DATASETS.register_module()
class CREMADDataset(AudioVideoDataset):
    """CREMA-D in its native layout, or another set in the same layout.

    The annotation file is csv without header, two columns: name of the clip, code of its class.
    Sound lies in ``AudioWAV/<clip>.wav``, frames in ``Image-<fps>-FPS/<clip>/``.

    Args:
        modalities: ``'audio'``, ``'video'`` or both, in the order of the model.
        fps: Frames per second that were extracted; two digits of the folder's name.
        classes: Codes of the classes; their place is the class index.
        actors: Numbers of the actors whose clips are kept; ``None`` keeps all. Lists of which no
            two share an actor make a speaker-independent protocol.
        data_prefix: Folders, if they have other names.
        **kwargs: ``ann_file``, ``data_root``, ``pipeline``, ``min_frames``, ``on_error`` and the
            other arguments of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of the list is wrong.
        FileNotFoundError: If the list or files of the used modalities are missing.

    Reference:
        Cao et al., CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, IEEE Transactions
        on Affective Computing 2014. Order of the classes: authors' published code of BSS.
    """

    METAINFO = dict(dataset_type='CREMA-D')
    obtain = ('CREMA-D is obtained from github.com/CheyneyComputerScience/CREMA-D (folders '
              'AudioWAV and VideoFlash, in Git LFS), the lists train.csv and test.csv from '
              'github.com/GeWu-Lab/OGM-GE_CVPR2022; put the folders into data_root and the lists '
              'into data_root/annotations.')
    derive_commands = {'video': 'python tools/data/cremad/prepare.py {data_root}'}

    def __init__(self, *, fps: int = 1, classes: Sequence[str] = EMOTIONS,
                 actors: Sequence[int] | None = None,
                 data_prefix: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        self.class_indices = {name: index for index, name in enumerate(classes)}
        if len(self.class_indices) != len(classes):
            raise ValueError(f'classes must be different names, got {tuple(classes)}; correct '
                             'the list.')
        self.actors = None if actors is None else frozenset(actors)
        prefix = dict(audio='AudioWAV', video=f'Image-{fps:02d}-FPS') | dict(data_prefix or {})
        kwargs['metainfo'] = dict(classes=tuple(classes)) | (kwargs.get('metainfo') or {})
        super().__init__(data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the annotation list.

        Returns:
            One record per line of a kept actor, in the order of the list.

        Raises:
            ValueError: If a line is wrong or no clip is kept.
        """
        self.require_file(self.ann_file, 'annotation list')
        records = [
            self.record(row['clip'], class_index(self.class_indices, row['label'], self.ann_file,
                                                 number))
            for number, row in read_rows(self.ann_file, ('clip', 'label'))
            if self._is_kept(row['clip'], number)
        ]
        if not records:
            raise ValueError(f'{self.ann_file} has no clip of the actors asked for, '
                             f'{sorted(self.actors or ())}; correct actors or the list.')
        return records

    def _is_kept(self, clip_id: str, number: int) -> bool:
        if self.actors is None:
            return True
        try:
            return actor_of(clip_id) in self.actors
        except ValueError as error:
            raise line_error(self.ann_file, number, str(error)) from error
