"""Sarcasm: tweets with a picture, sarcastic or not."""
from __future__ import annotations

import json
from collections.abc import Sequence
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
        try:
            items = json.loads(Path(self.ann_file).read_text(encoding='utf-8-sig'))
        except json.JSONDecodeError as error:
            raise ValueError(f'{self.ann_file}, line {error.lineno}: the file cannot be parsed as '
                             f'json ({error.msg}); correct it.') from error
        if not isinstance(items, list):
            raise ValueError(f'{self.ann_file} must hold a json list of objects with the keys '
                             f'{tuple(_KEYS)}, got a {type(items).__name__}; correct the file.')
        return [self._record(number, item) for number, item in enumerate(items, start=1)]

    def _record(self, number: int, item: Any) -> dict:
        problem = _problem(item)
        if problem:
            raise ValueError(f'{self.ann_file}, item {number}: {problem}; correct it.')
        file = PurePosixPath(item['image']).name
        streams = dict(text=dict(text=item['text'], format='text'),
                       image=dict(path=str(Path(self.data_prefix['image'], file)), format='image'))
        return {'clip_id': f'{file}:{number}', 'gt_label': item['label'],
                'modalities': {name: streams[name] for name in self.modalities}}


def _problem(item: Any) -> str:
    if not isinstance(item, dict) or not set(_KEYS) <= set(item):
        return f'it must be an object with the keys {tuple(_KEYS)}, got {item!r}'
    wrong = [key for key, kind in _KEYS.items() if type(item[key]) is not kind]
    if wrong:
        return f'{wrong[0]!r} must be of type {_KEYS[wrong[0]].__name__}, got {item[wrong[0]]!r}'
    if item['label'] not in (0, 1):
        return f'label must be 0 (not sarcastic) or 1 (sarcastic), got {item["label"]}'
    return ''
