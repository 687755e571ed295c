"""Twitter2015: tweets with a picture, and the sentiment towards a target named in them."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import class_index, read_rows
from projects.bss.datasets.base import MultiModalDataset

COLUMNS = dict(image='ImageID', text='String', label='Label')
"""What each column is called in the annotation files of the authors' code."""
_TOMBERT = ['index', 'Label', 'ImageID', 'String', 'String']
_TARGET = '$T$'


@DATASETS.register_module()
class Twitter2015Dataset(MultiModalDataset):
    """Twitter2015, or any other tsv of texts, file names of images and numbered labels.

    A file with the header of the TomBERT repository, where the tweet has the placeholder ``$T$``
    and the target follows in a column of the same name, is recognised and its target filled in.

    A sample is called ``<image>:<line>``, because several targets of a tweet share its picture.

    Args:
        modalities: ``'text'`` and ``'image'`` or one of them, in the order of the model.
        columns: Names of the columns ``image``, ``text`` and ``label``, where they differ from
            ``ImageID``, ``String`` and ``Label``.
        classes: Class names, or a file that has one a line, below ``data_root``; label i of the
            annotations is entry i.
        data_prefix: Folder of the images, ``dict(image='twitter2015_images')``; a relative one
            lies below ``data_root``.
        **kwargs: ``ann_file``, ``data_root``, ``pipeline``, ``on_error`` and the other arguments
            of ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of the file is wrong.
        FileNotFoundError: If the annotation file, the class list or images are missing.

    Reference:
        Zhang et al., Adaptive Co-attention Network for Named Entity Recognition in Tweets, AAAI
        2018; Yu and Jiang, Adapting BERT for Target-Oriented Multimodal Sentiment Classification,
        IJCAI 2019.
    """

    METAINFO = dict(dataset_type='Twitter2015')
    obtain = ('Twitter2015 (Zhang et al., AAAI 2018; Yu and Jiang, IJCAI 2019) is obtained through '
              'the TomBERT repository of Jianfei Yu; lay it out so that data_root holds '
              'annotations/{train,dev,test}.tsv and twitter2015_images/.')

    def __init__(self, *, modalities: Sequence[str] = ('text', 'image'),
                 columns: Mapping[str, str] | None = None,
                 classes: Sequence[str] | str = ('negative', 'neutral', 'positive'),
                 data_prefix: dict[str, str] | None = None, **kwargs: Any) -> None:
        unknown = set(modalities) - {'text', 'image'} | set(columns or ()) - set(COLUMNS)
        if unknown:
            raise ValueError("modalities must be among ('text', 'image') and the keys of columns "
                             f'among {tuple(COLUMNS)}, got {sorted(unknown)}; correct them.')
        self.columns = COLUMNS | dict(columns or {})
        if isinstance(classes, str):
            path = Path(kwargs.get('data_root') or '', classes)
            self.require_file(path, 'class list')
            classes = path.read_text(encoding='utf-8').splitlines()
        prefix = dict(image='twitter2015_images') | dict(data_prefix or {})
        metainfo = dict(kwargs.pop('metainfo', None) or {}, classes=tuple(classes))
        super().__init__(modalities=modalities, data_prefix=prefix, metainfo=metainfo, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the annotation file.

        Returns:
            One record per line, in the order of the file.
        """
        self.require_file(self.ann_file, 'annotation file')
        labels = {str(index): index for index in range(len(self.metainfo['classes']))}
        return [self._record(number, row, labels) for number, row in self._rows()]

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        with open(self.ann_file, encoding='utf-8-sig') as file:
            header = file.readline().rstrip('\n').split('\t')
        if [re.sub(r'^#\d+ ', '', name) for name in header] == _TOMBERT:
            yield from self._tombert_rows()
            return
        for number, row in read_rows(self.ann_file, list(self.columns.values()), delimiter='\t',
                                     header=True, quoted=False):
            yield number, {role: row[name] for role, name in self.columns.items()}

    def _tombert_rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        names = ['index', 'label', 'image', 'text', 'target']
        for number, row in read_rows(self.ann_file, names, delimiter='\t', quoted=False):
            if number > 1:
                yield number, row | dict(text=row['text'].replace(_TARGET, row['target']))

    def _record(self, number: int, row: dict[str, str], labels: dict[str, int]) -> dict:
        path = Path(self.data_prefix['image'], row['image'])
        streams = dict(text=dict(text=row['text'], format='text'),
                       image=dict(path=str(path), format='image'))
        return {'clip_id': f'{row["image"]}:{number}',
                'gt_label': class_index(labels, row['label'], self.ann_file, number),
                'modalities': {name: streams[name] for name in self.modalities}}
