"""Small tables and a small AV-MNIST: of real media where they are at hand, else generated."""
from __future__ import annotations

import csv
import gzip
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import soundfile

REAL = Path(__file__).resolve().parents[2] / 'shared' / 'data'
IDX = {'train': 'train-images-idx3-ubyte.gz', 't10k': 't10k-images-idx3-ubyte.gz'}
HEADER = ('id', 'label', 'image_split', 'image_index', 'audio', 'speaker')
KINDS = ('Tshirts', 'Watches', 'Sandals')


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a csv or tsv file.

    Args:
        path: The file; its folder is made.
        header: Names of the columns.
        rows: Cells of each row.

    Returns:
        ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file, delimiter='\t' if path.suffix == '.tsv' else ',')
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_idx(path: Path, array: np.ndarray) -> Path:
    """Write an idx file of unsigned bytes.

    Args:
        path: The file, compressed if it ends in ``.gz``.
        array: uint8, any shape.

    Returns:
        ``path``.
    """
    content = struct.pack(f'>BBBB{array.ndim}I', 0, 0, 8, array.ndim, *array.shape)
    content += array.astype(np.uint8).tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == '.gz' else content)
    return path


def write_avmnist(root: Path, train: int = 40, val: int = 20, test: int = 20) -> Path:
    """Lay out a small AV-MNIST.

    Args:
        root: Folder to be made.
        train: Number of training pairs.
        val: Number of validation pairs.
        test: Number of test pairs.

    Returns:
        ``root``.
    """
    counts = dict(train=train, val=val, test=test)
    source = REAL / 'avmnist'
    root.mkdir(parents=True, exist_ok=True)
    if not source.is_dir():
        return _generate_avmnist(root, counts)
    for folder in ('mnist', 'recordings'):
        (root / folder).symlink_to(source / folder)
    for split, count in counts.items():
        with open(source / 'annotations' / f'{split}.csv', encoding='utf-8') as file:
            rows = list(csv.reader(file))[1:count + 1]
        write_csv(root / 'annotations' / f'{split}.csv', HEADER, rows)
    return root


def write_products(root: Path, per_class: int = 20) -> Path:
    """Write a table of pictures, titles and numbers, with the pictures beside it.

    Args:
        root: Folder to be made.
        per_class: Number of products of each of three classes.

    Returns:
        ``root``, with ``products.csv`` (id, image, title, width, height, kind) and ``images/``.
        Width and height are the picture's own in millimetres of 96 dots per inch, and tell nothing
        about the class.
    """
    pairs = _real_products(per_class) if (REAL / 'fashion_text_image').is_dir() \
        else _generated_products(per_class)
    rows = []
    for number, (kind, title, picture) in enumerate(pairs):
        name = f'images/{number:03d}.jpg'
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), picture)
        height, width = picture.shape[:2]
        rows.append((f'p{number}', name, title, f'{width / 3.78 + number % 7:.1f}',
                     f'{height / 3.78 - number % 5:.1f}', kind))
    write_csv(root / 'products.csv', ('id', 'image', 'title', 'width', 'height', 'kind'), rows)
    return root


def _real_products(per_class: int) -> list[tuple[str, str, np.ndarray]]:
    source = REAL / 'fashion_text_image'
    names = (source / 'annotations' / 'classes.txt').read_text().splitlines()
    with open(source / 'annotations' / 'train.tsv', encoding='utf-8') as file:
        rows = list(csv.DictReader(file, delimiter='\t', quoting=csv.QUOTE_NONE))
    found = []
    for kind in KINDS:
        chosen = [row for row in rows if names[int(row['Label'])] == kind][:per_class]
        found += [(kind, row['String'], cv2.imread(str(source / 'images' / row['ImageID'])))
                  for row in chosen]
    return found


def _generated_products(per_class: int) -> list[tuple[str, str, np.ndarray]]:
    rng = np.random.RandomState(0)
    brands = ('Alder', 'Birch', 'Cedar', 'Dogwood')
    pictures = []
    for index, kind in enumerate(KINDS):
        for number in range(per_class):
            picture = np.full((80, 60, 3), 255, np.uint8)
            cv2.circle(picture, (30, 25 + 15 * index), 8 + number % 8, (40, 90 * index, 160), -1)
            noisy = picture.astype(int) + rng.randint(-20, 20, picture.shape)
            pictures.append((kind, f'{brands[number % 4]} Men {kind} {number}',
                             noisy.clip(0, 255).astype(np.uint8)))
    return pictures


def _generate_avmnist(root: Path, counts: dict[str, int]) -> Path:
    rng = np.random.RandomState(0)
    images: dict[str, list[np.ndarray]] = {'train': [], 't10k': []}
    for split, count in counts.items():
        rows, file = [], 't10k' if split == 'test' else 'train'
        for number in range(count):
            digit = (number * 7 + len(split)) % 10
            name = f'recordings/{digit}_{split}_{number}.wav'
            rows.append((f'{split}_{number:05d}', digit, file, len(images[file]), name, split))
            images[file].append(_drawn_digit(digit, rng))
            _write_tone(root / name, digit, rng)
        write_csv(root / 'annotations' / f'{split}.csv', HEADER, rows)
    for file, pictures in images.items():
        write_idx(root / 'mnist' / IDX[file], np.reshape(pictures, (-1, 28, 28)))
    return root


def _drawn_digit(digit: int, rng: np.random.RandomState) -> np.ndarray:
    image = rng.randint(0, 30, (28, 28)).astype(np.uint8)
    cv2.putText(image, str(digit), (6 + rng.randint(4), 22), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    return image


def _write_tone(path: Path, digit: int, rng: np.random.RandomState) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(2400 + rng.randint(1600)) / 8000
    wave = 0.4 * np.sin(2 * np.pi * (300 + 200 * digit) * time) * np.hanning(len(time))
    soundfile.write(path, wave + rng.randn(len(time)) * 0.005, 8000, subtype='PCM_16')
