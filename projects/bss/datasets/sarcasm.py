"""Sarcasm: tweets with a picture, sarcastic or not."""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.base import MultiModalDataset

_KEYS = dict(image=str, text=str, label=int)


@DATASETS.register_module()
class SarcasmDataset(MultiModalDataset):
    """Sarcasm in the layout of the authors' code: one json list of ``image, text, label`` by split.

    Of ``image`` the last part of the path counts. A sample is called ``<image>:<item>``.

    Args:
        modalities: ``'text'`` and ``'image'`` or one of them, in the order of the model.
        data_prefix: Folder of the images, ``dict(image='images')``; a relative one lies below
            ``data_root``.
        **kwargs: ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the other arguments
            of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or an item of the file is wrong.
        FileNotFoundError: If the annotation file or images are missing.

    Reference:
        Cai, Cai and Wan, Multi-Modal Sarcasm Detection in Twitter with Hierarchical Fusion Model,
        ACL 2019.
    """

    METAINFO = dict(dataset_type='Sarcasm', classes=('not sarcastic', 'sarcastic'))
    obtain = ('Sarcasm (Cai, Cai and Wan, ACL 2019) is obtained from the repository '
              '"data-of-multimodal-sarcasm-detection" of its authors; lay it out so that data_root '
              'holds annotations/train_data.json, annotations/test_data.json and images/.')

    def __init__(self, *, modalities: Sequence[str] = ('text', 'image'),
                 data_prefix: dict[str, str] | None = None, **kwargs: Any) -> None:
        unknown = set(modalities) - {'text', 'image'}
        if unknown:
            raise ValueError(f"modalities must be among ('text', 'image'), got {sorted(unknown)}; "
                             'correct the list.')
        prefix = dict(image='images') | dict(data_prefix or {})
        super().__init__(modalities=modalities, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the annotation file.

        Returns:
            One record per item, in the order of the file.
        """
        self.require_file(self.ann_file, 'annotation file')
        items = read_items(self.ann_file, _KEYS)
        return [self._record(number, item) for number, item in enumerate(items, start=1)]

    def _record(self, number: int, item: dict) -> dict:
        if item['label'] not in (0, 1):
            raise ValueError(f'{self.ann_file}, item {number}: label must be 0 (not sarcastic) or '
                             f'1 (sarcastic), got {item["label"]}; correct it.')
        file = PurePosixPath(item['image']).name
        streams = dict(text=dict(text=item['text'], format='text'),
                       image=dict(path=str(Path(self.data_prefix['image'], file)), format='image'))
        return {'clip_id': f'{file}:{number}', 'gt_label': item['label'],
                'modalities': {name: streams[name] for name in self.modalities}}


def read_items(path: str | Path, keys: Mapping[str, type]) -> list[dict]:
    """Read a json list of objects.

    Args:
        path: The file.
        keys: Keys that every object must have, and the types of their values.

    Returns:
        The objects, in the order of the file.

    Raises:
        ValueError: If the file cannot be parsed or an object lacks a key or has a value of another
            type; the message names file and line or item, counted from 1.
    """
    try:
        items = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path}, line {error.lineno}: the file cannot be parsed as json '
                         f'({error.msg}); correct it.') from error
    if not isinstance(items, list):
        raise ValueError(f'{path} must hold a json list of objects with the keys {list(keys)}, '
                         f'got a {type(items).__name__}; correct the file.')
    for number, item in enumerate(items, start=1):
        if not isinstance(item, dict) or not set(keys) <= set(item):
            raise ValueError(f'{path}, item {number}: it must be an object with the keys '
                             f'{list(keys)}, got {item!r}; correct it.')
        for key, kind in keys.items():
            if type(item[key]) is not kind:
                raise ValueError(f'{path}, item {number}: {key} must be of type {kind.__name__}, '
                                 f'got {item[key]!r}; correct it.')
    return items
