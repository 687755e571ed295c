"""Kinetics-Sounds: actions that are seen and heard, in the variants that are in circulation."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import class_index, line_error, read_rows
from projects.bss.datasets.audio_video import AUDIO, VIDEO, AudioVideoDataset
from projects.bss.datasets.images import count_frames
from projects.bss.functional import closest_name

CLASSES = (
    'blowing nose', 'blowing out candles', 'bowling', 'chopping wood', 'dribbling basketball',
    'laughing', 'mowing lawn', 'playing accordion', 'playing bagpipes', 'playing bass guitar',
    'playing clarinet', 'playing drums', 'playing guitar', 'playing harmonica', 'playing keyboard',
    'playing organ', 'playing piano', 'playing saxophone', 'playing trombone', 'playing trumpet',
    'playing violin', 'playing xylophone', 'ripping paper', 'shoveling snow', 'shuffling cards',
    'singing', 'stomping grapes', 'tap dancing', 'tapping guitar', 'tapping pen', 'tickling')
"""The 31 classes, in alphabetical order."""

Items = Iterator[tuple[str, str]]


def read_named_clips(path: str | Path, classes: Sequence[str]) -> Items:
    """Read a csv list with the columns ``label`` (name of the class) and ``youtube_id``.

    Args:
        path: The list.
        classes: Names of the classes.

    Yields:
        Name of the clip and of its class.

    Raises:
        ValueError: If a line cannot be understood; the message names file and line.
    """
    indices = {name: index for index, name in enumerate(classes)}
    for number, row in read_rows(path, ('label', 'youtube_id'), header=True):
        class_index(indices, row['label'], path, number)
        yield row['youtube_id'], row['label']


def read_numbered_clips(path: str | Path, classes: Sequence[str]) -> Items:
    """Read a list of lines ``<id>_<start>_<end>,<seconds>,<class index>``.

    Args:
        path: The list.
        classes: Names of the classes, in the order of their indices.

    Yields:
        Name of the clip, ``<id>_<start>_<end>``, and of its class.

    Raises:
        ValueError: If a line cannot be understood; the message names file and line.
    """
    for number, row in read_rows(path, ('clip', 'seconds', 'label')):
        if not row['label'].isdecimal() or int(row['label']) >= len(classes):
            raise line_error(path, number, f'the class index must lie in 0..{len(classes) - 1}, '
                             f'got {row["label"]!r}; correct the line, or choose the variant of '
                             'this list.')
        yield row['clip'], classes[int(row['label'])]


@dataclass(frozen=True)
class Variant:
    """A version of the set: its classes in alphabetical order, and the reader of its lists."""

    classes: tuple[str, ...]
    read: Callable[[str | Path, Sequence[str]], Items]


VARIANTS = {
    'bss31': Variant(CLASSES, read_named_clips),
    'bss32': Variant(tuple(sorted((*CLASSES, 'strumming guitar'))), read_named_clips),
    'ogm31': Variant(CLASSES, read_numbered_clips),
}
"""Name -> variant."""

_FOLDERS = {AUDIO: '{split}_wav', VIDEO: '{split}_img/Image-01-FPS'}
_SPLITS = ('train', 'val', 'test')


@DATASETS.register_module()
class KineticsSoundsDataset(AudioVideoDataset):
    """Kinetics-Sounds in the layout of the authors' code.

    Sound lies in ``<split>_wav/<clip>.wav``, frames in ``<split>_img/Image-01-FPS/<clip>/``.

    Args:
        split: ``'train'``, ``'val'`` or ``'test'``; part of the names of the folders.
        variant: Which version of the set: ``'bss31'``, csv lists with class names; ``'bss32'``, the
            same with the class "strumming guitar"; ``'ogm31'``, the lists ``my_train.txt`` and
            ``my_test.txt`` of OGM-GE with class indices.
        class_order: ``'alphabetical'``, or ``'first_appearance'`` among the training clips that
            are there and long enough, as in the authors' code. The latter depends on the copy.
        train_list: The training list, by which the order of first appearance goes.
        data_prefix: Folders, if they have other names; ``'{split}'`` in them is filled in.
        min_frames: Clips with fewer frames are no part of the set; 4 in the authors' code.
        **kwargs: ``modalities``, ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the
            other arguments of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of a list is wrong.
        FileNotFoundError: If a list or files of the used modalities are missing.

    Reference:
        Arandjelovic and Zisserman, Look, Listen and Learn, ICCV 2017; the 31 classes are those
        left of its 34.
    """

    METAINFO = dict(dataset_type='Kinetics-Sounds')
    obtain = ('Kinetics-Sounds is the part of Kinetics-400 with the 31 classes of '
              'projects.bss.datasets.kinetics_sounds.CLASSES; the videos are obtained from '
              'github.com/cvdfoundation/kinetics-dataset, lists from '
              'github.com/GeWu-Lab/OGM-GE_CVPR2022 (variant ogm31).')
    derive_commands = {name: 'python tools/data/kinetics_sounds/prepare.py {data_root}'
                       for name in (AUDIO, VIDEO)}

    def __init__(self, *, split: str = 'train', variant: str = 'bss31',
                 class_order: str = 'alphabetical', train_list: str = 'annotations/train.csv',
                 data_prefix: Mapping[str, str] | None = None, min_frames: int = 4,
                 **kwargs: Any) -> None:
        for argument, value, known in (('split', split, _SPLITS), ('variant', variant, VARIANTS),
                                       ('class_order', class_order, self._orders)):
            if value not in known:
                raise ValueError(closest_name(argument, value, known))
        self.split, self.train_list = split, train_list
        self.variant, self.class_order = VARIANTS[variant], class_order
        self.folders = _FOLDERS | dict(data_prefix or {})
        super().__init__(data_prefix=self._split_folders(split), min_frames=min_frames, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the annotation list, and put the classes into their order.

        Returns:
            One record per line, in the order of the list.
        """
        self.require_file(self.ann_file, 'annotation list')
        classes = self._orders[self.class_order](self)
        self._metainfo['classes'] = classes
        indices = {name: index for index, name in enumerate(classes)}
        return [self.record(clip, indices[label])
                for clip, label in self.variant.read(self.ann_file, self.variant.classes)]

    def _split_folders(self, split: str) -> dict[str, str]:
        return {name: folder.format(split=split) for name, folder in self.folders.items()}

    def _alphabetical(self) -> tuple[str, ...]:
        return self.variant.classes

    def _first_appearance(self) -> tuple[str, ...]:
        path = Path(self.data_root, self.train_list)
        self.require_file(path, 'training list')
        folders = {name: Path(self.data_root, folder)
                   for name, folder in self._split_folders('train').items()}
        seen = [label for clip, label in self.variant.read(path, self.variant.classes)
                if (folders[AUDIO] / f'{clip}.wav').exists()
                and count_frames(folders[VIDEO] / clip) >= self.min_frames]
        return tuple(dict.fromkeys((*seen, *self.variant.classes)))

    _orders = dict(alphabetical=_alphabetical, first_appearance=_first_appearance)
