"""VGGSound: 309 kinds of sound with their video."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import class_index, line_error, read_rows
from projects.bss.datasets.audio_video import AudioVideoDataset
from projects.bss.functional import closest_name

_SPLITS = ('train', 'test')


def read_encoding(path: str | Path) -> tuple[str, ...]:
    """Read a ``label_encoding.json``, which maps the name of each class to a number.

    Args:
        path: The file.

    Returns:
        The classes in the order of their numbers, which may begin anywhere.

    Raises:
        ValueError: If the file is no such mapping or two classes share a number.
    """
    try:
        numbers = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} must be JSON ({error}); restore the file.') from error
    if not isinstance(numbers, dict) or not numbers or not all(
            isinstance(number, int) for number in numbers.values()) or (
                len(set(numbers.values())) != len(numbers)):
        raise ValueError(f'{path} must map class names to different whole numbers; correct it.')
    return tuple(sorted(numbers, key=numbers.__getitem__))


@DATASETS.register_module()
class VGGSoundDataset(AudioVideoDataset):
    """VGGSound in the layout of the authors' code or of OGM-GE.

    Sound lies in ``AudioWAV/<clip>.wav``, frames in ``Image-01-FPS/<clip>/`` (variant ``'bss'``) or
    ``Image-01-FPS/<clip>.mp4/`` (variant ``'ogm'``).

    Args:
        variant: ``'bss'``: one list per split, csv without header, of which the second column is
            the class and the third the clip behind one character (``/<clip>``); the classes stand
            in ``class_file``. ``'ogm'``: the list of the data set for all splits, csv without
            header with YouTube id, start second, class and split, the clip being ``<id>_<start>``;
            the classes are those of the list in alphabetical order.
        split: ``'train'`` or ``'test'``; needed for the variant ``'ogm'`` only.
        class_file: Class name -> number, JSON; for the variant ``'bss'`` only.
        min_frames: Clips with fewer frames are no part of the set; 4 in the authors' code.
        data_prefix: Folders, if they have other names.
        **kwargs: ``modalities``, ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the
            other arguments of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of the list is wrong.
        FileNotFoundError: If the list, the class file or files of the used modalities are missing.

    Reference:
        Chen et al., VGGSound: A Large-scale Audio-Visual Dataset, ICASSP 2020.
    """

    METAINFO = dict(dataset_type='VGGSound')
    obtain = ('VGGSound is obtained by its list vggsound.csv from '
              'www.robots.ox.ac.uk/~vgg/data/vggsound, which names clips on YouTube; a part of '
              'them is no longer there.')
    derive_commands = {name: 'python tools/data/vggsound/prepare.py {data_root}'
                       for name in ('audio', 'video')}

    def __init__(self, *, variant: str = 'bss', split: str | None = None,
                 class_file: str = 'label_encoding.json', min_frames: int = 4,
                 data_prefix: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        if variant not in self._list_readers:
            raise ValueError(closest_name('variant', variant, self._list_readers))
        if variant == 'ogm' and split not in _SPLITS:
            raise ValueError(f"variant='ogm' needs split to be one of {_SPLITS}, got {split!r}; "
                             'its list holds both.')
        self.variant, self.split, self.class_file = variant, split, class_file
        prefix = dict(audio='AudioWAV', video='Image-01-FPS') | dict(data_prefix or {})
        super().__init__(data_prefix=prefix, min_frames=min_frames, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the annotation list.

        Returns:
            One record per line of the split, in the order of the list.
        """
        self.require_file(self.ann_file, 'annotation list')
        return self._list_readers[self.variant](self)

    def _read_bss(self) -> list[dict]:
        class_file = Path(self.data_root, self.class_file)
        self.require_file(class_file, 'class file')
        indices = self._order_classes(read_encoding(class_file))
        rows = read_rows(self.ann_file, ('index', 'label', 'path'), more=True)
        return [self.record(self._clip(row['path'], number),
                            class_index(indices, row['label'], self.ann_file, number))
                for number, row in rows]

    def _read_ogm(self) -> list[dict]:
        rows = list(self._rows_with_split())
        indices = self._order_classes(tuple(sorted({row['label'] for row in rows})))
        return [self.record(clip, indices[row['label']], f'{clip}.mp4')
                for row in rows if row['split'] == self.split
                for clip in [f'{row["id"]}_{row["start"]}']]

    _list_readers = dict(bss=_read_bss, ogm=_read_ogm)

    def _order_classes(self, classes: tuple[str, ...]) -> dict[str, int]:
        self._metainfo['classes'] = classes
        return {name: index for index, name in enumerate(classes)}

    def _clip(self, path: str, number: int) -> str:
        if len(path) < 2:
            raise line_error(self.ann_file, number, 'the third column must be the clip behind one '
                             f"character, as in '/<clip>', got {path!r}; correct the line.")
        return path[1:]

    def _rows_with_split(self) -> Iterator[dict[str, str]]:
        for number, row in read_rows(self.ann_file, ('id', 'start', 'label', 'split')):
            if row['split'] not in _SPLITS:
                raise line_error(self.ann_file, number, f'the split must be one of {_SPLITS}, got '
                                 f'{row["split"]!r}; correct the line.')
            yield row
