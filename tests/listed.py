"""A data set of vectors that is listed in a csv file, and its preparation."""
from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from mmengine.registry import DATASETS

from projects.bss.datasets import MultiModalDataset
from projects.bss.datasets.annotations import read_rows
from projects.bss.datasets.manifest import PaperNumbers
from projects.bss.datasets.preparation import Preparation, unchecked
from tests.toy import CLASSES, WIDTHS


@DATASETS.register_module(force=True)
class ListedVectors(MultiModalDataset):
    """Vectors that are a function of the id: csv without header, id and class index."""

    METAINFO = dict(classes=('a', 'b', 'c'))

    def __init__(self, **kwargs):
        # Serialising collects garbage, which takes a second among all that tests have imported.
        super().__init__(modalities=tuple(WIDTHS), **dict(kwargs, serialize_data=False))

    def load_data_list(self):
        return [self._record(row['id'], int(row['label']))
                for _, row in read_rows(self.ann_file, ('id', 'label'))]

    def _record(self, clip_id, label):
        rng = np.random.RandomState(zlib.crc32(clip_id.encode()))
        vectors = {name: rng.normal(size=width).tolist() for name, width in WIDTHS.items()}
        return dict(clip_id=clip_id, gt_label=label, vectors=vectors,
                    modalities={name: dict(format='vector', values=values)
                                for name, values in vectors.items()})


class ListedPreparation(Preparation):
    """Makes nothing; an id begins with its source."""

    name = 'Listed'
    paper = dict(train=PaperNumbers(8, dict(a=4)))
    description = 'Check it.'

    def read_splits(self, args):
        reader = unchecked(ListedVectors)
        return {split: reader(data_root=str(args.data_root), ann_file=f'{split}.csv')
                for split in ('train', 'test')}

    def source(self, record):
        return record['clip_id'][0]


def write_listed(root: Path, train: str = 'p1 p2 p3 p4 q1 q2', test: str = 'r1 r2 r3') -> Path:
    """Write both lists; labels are 0, 1, 2 in turn."""
    root.mkdir(parents=True, exist_ok=True)
    for split, ids in dict(train=train, test=test).items():
        (root / f'{split}.csv').write_text(''.join(
            f'{name},{index % CLASSES}\n' for index, name in enumerate(ids.split())))
    return root
