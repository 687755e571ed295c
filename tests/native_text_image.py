"""Small text-image sets in their native layouts, and tokenizers, for tests."""
from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from projects.bss.datasets.annotations import read_rows
from tools.data import make_vocabulary

FASHION_ROOT = Path(__file__).resolve().parents[2] / 'shared' / 'data' / 'fashion_text_image'
CLASSES = 24
_WORDS = ('red', 'green', 'blue', 'men', 'women', 'shirt', 'shoe', 'watch', 'bag', 'sunglasses')
_SIZES = dict(train=12, dev=6, test=6)
_HEADER = ('index', 'Label', 'ImageID', 'String')
_TARGETS = dict(bert=400, clip=700)


def write_fashion(root: Path) -> Path:
    """Lay out some product photos and titles as they are shipped.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, with 12 training, 6 dev and 6 test products of 24 classes.
    """
    for split, products in _products(root / 'images').items():
        rows = [(str(index), str(label), image, title)
                for index, (label, image, title) in enumerate(products, start=1)]
        _write_tsv(root / f'annotations/{split}.tsv', _HEADER, rows)
    names = [f'class {number}' for number in range(CLASSES)]
    (root / 'annotations/classes.txt').write_text('\n'.join(names) + '\n')
    return root


def write_twitter2015(root: Path) -> Path:
    """Write product titles as tweets in the layout of Twitter2015.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, with 12 training, 6 dev and 6 test tweets of 3 classes; their texts hold hyphens,
        quotation marks and emoji.
    """
    for split, products in _products(root / 'twitter2015_images').items():
        rows = [(str(index), str(index % 3), image, f'RT @shop : "{title}" - so-so! 😀')
                for index, (_, image, title) in enumerate(products, start=1)]
        _write_tsv(root / f'annotations/{split}.tsv', _HEADER, rows)
    return root


def write_sarcasm(root: Path) -> Path:
    """Write product titles as tweets in the layout of Sarcasm.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, with 12 training and 6 test tweets of 2 classes.
    """
    (root / 'annotations').mkdir(parents=True)
    for split, products in _products(root / 'images').items():
        items = [dict(image=f'somewhere/else/{image}', text=f'Love my {title}...', label=index % 2)
                 for index, (_, image, title) in enumerate(products)]
        if split != 'dev':
            (root / f'annotations/{split}_data.json').write_text(json.dumps(items))
    return root


def write_tokenizers(root: Path) -> Path:
    """Train a vocabulary of each kind.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, with the folders ``bert`` (at most 400 tokens) and ``clip`` (at most 700).
    """
    annotations = write_twitter2015(root / 'source') / 'annotations/train.tsv'
    for kind, size in _TARGETS.items():
        with contextlib.redirect_stdout(io.StringIO()):
            assert make_vocabulary.main([str(annotations), '--out', str(root / kind),
                                         '--kind', kind, '--size', str(size)]) == 0
    return root


def _products(images: Path) -> dict[str, list[tuple[int, str, str]]]:
    """Label, image name and title of some products by split; their photos go into a folder."""
    images.mkdir(parents=True)
    products = {split: _real(split, count) if FASHION_ROOT.is_dir() else _generated(split, count)
                for split, count in _SIZES.items()}
    for label, image, _ in (product for part in products.values() for product in part):
        if FASHION_ROOT.is_dir():
            # No link: whoever writes to it would write to the real photo.
            shutil.copyfile(FASHION_ROOT / 'images' / image, images / image)
        else:
            picture = np.random.RandomState(label).randint(0, 256, (80, 60, 3), np.uint8)
            assert cv2.imwrite(str(images / image), picture)
    return products


def _real(split: str, count: int) -> list[tuple[int, str, str]]:
    rows = read_rows(FASHION_ROOT / f'annotations/{split}.tsv', _HEADER, delimiter='\t',
                     header=True, quoted=False)
    return [(int(row['Label']), row['ImageID'], row['String'])
            for (_, row), _ in zip(rows, range(count))]


def _generated(split: str, count: int) -> list[tuple[int, str, str]]:
    draw = np.random.RandomState(len(split))
    return [(index, f'{split}{index}.jpg', ' '.join(draw.choice(_WORDS, 5)).title())
            for index in range(count)]


def _write_tsv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ['\t'.join(fields) for fields in (header, *rows)]
    path.write_text('\n'.join(lines) + '\n', encoding='utf-8')
