"""What a config says about one modality: its columns, pipeline, preprocessor and encoder."""
from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from projects.bss.datasets.arrays import read_array
from projects.bss.datasets.table_file import Row, Table
from projects.bss.datasets.transforms.text import CleanText
from tools.data.make_vocabulary import write_bert
from tools.tables.kinds import find_prefix

_IMAGENET = dict(type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53],
                 std=[58.395, 57.12, 57.375], format_shape='NCTHW')
_WORDS = 32
_VOCABULARY = 4096
_SMALL_BERT = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
                   intermediate_size=128, max_position_embeddings=_WORDS)


@dataclass(frozen=True)
class Context:
    """What all parts are made from.

    Attributes:
        table: The table.
        train: Its training rows.
        root: Its folder.
        image_size: Height and width of pictures, in pixels.
        text_model: Folder of a pretrained BERT, or None for a small one with random weights.
    """

    table: Table
    train: Sequence[Row]
    root: Path
    image_size: int
    text_model: str | None


@dataclass(frozen=True)
class Part:
    """One modality of a config.

    Attributes:
        name: Name of the modality.
        columns: Its entry in ``columns`` of the data set.
        steps: Its steps of the pipeline.
        preprocessor: Its data preprocessor.
        encoder: Its encoder.
        width: Width of the features.
        train_steps: Further steps in training.
    """

    name: str
    columns: dict[str, Any]
    steps: list[dict]
    preprocessor: dict
    encoder: dict
    width: int
    train_steps: list[dict] = field(default_factory=list)


def image_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe pictures for a ResNet-18."""
    size = context.image_size
    resize = dict(type='Resize', size=(size, size))
    return Part(
        name, _file(context, columns[0], 'image'),
        [dict(type='LoadImages', modality=name),
         dict(type='TransformImages', modality=name, transforms=[resize])],
        _IMAGENET, dict(type='TorchvisionEncoder', name='resnet18'), 512,
        [dict(type='TransformImages', modality=name,
              transforms=[dict(type='RandomHorizontalFlip')])])


def audio_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe three seconds of sound for a ResNet-18 on spectrograms."""
    return Part(
        name, _file(context, columns[0], 'audio'),
        [dict(type='LoadAudio', modality=name, sample_rate=16000, seconds=3.0)],
        dict(type='SpectrogramPreprocessor', n_fft=512, hop_length=256),
        dict(type='TorchvisionEncoder', name='resnet18', in_channels=1), 512)


def video_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe sixteen frames for a three-dimensional ResNet-18."""
    size = context.image_size
    return Part(
        name, _file(context, columns[0], 'color'),
        [dict(type='CountFrames'), dict(type='SampleWindow', length=16),
         dict(type='SampleCrop', resize=size, size=size), dict(type='LoadClip')],
        _IMAGENET, dict(type='TorchvisionEncoder', name='r3d_18'), 512)


def array_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe array files, all axes as one, for a perceptron."""
    entry = _file(context, columns[0], 'array')
    first = next(row[columns[0]] for row in context.train if row[columns[0]] is not None)
    size = math.prod(read_array(str(context.root / entry.get('prefix', '') / first)).shape)
    return Part(
        name, entry, [dict(type='LoadArray', modality=name, flatten=True)],
        dict(type='ArrayPreprocessor'),
        dict(type='MLPEncoder', in_channels=size, hidden=(256, ), out_channels=128), 128)


def text_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe texts for BERT, and write a vocabulary where there is no pretrained one."""
    folder = context.text_model
    if folder is None:
        folder = str(context.root / f'{Path(context.table.path).stem}_{name}_vocabulary')
        size = _write_vocabulary(columns[0], context, Path(folder))
        encoder: dict = dict(type='BertEncoder', config=dict(_SMALL_BERT, vocab_size=size))
        width = _SMALL_BERT['hidden_size']
    else:
        encoder, width = dict(type='BertEncoder', pretrained=folder), _bert_width(folder)
    return Part(
        name, dict(column=columns[0], format='text'),
        [dict(type='CleanText', modality=name, max_words=_WORDS),
         dict(type='Tokenize', modality=name, tokenizer=folder, max_length=_WORDS)],
        dict(type='TokenPreprocessor', pad_id=0), encoder, width)


def numeric_part(name: str, columns: Sequence[str], context: Context) -> Part:
    """Describe columns of numbers, standardised by the training split, for a perceptron.

    Raises:
        ValueError: If a cell is no number or a column is constant.
    """
    mean, std = zip(*(_statistics(column, context) for column in columns))
    return Part(
        name, dict(column=list(columns), format='vector'),
        [dict(type='LoadVector', modality=name)],
        dict(type='ArrayPreprocessor', mean=list(mean), std=list(std)),
        dict(type='MLPEncoder', in_channels=len(columns), hidden=(64, ), out_channels=64), 64)


BUILDERS: dict[str, Callable[[str, Sequence[str], Context], Part]] = dict(
    image=image_part, audio=audio_part, video=video_part, array=array_part, text=text_part,
    numeric=numeric_part)


def make_parts(kinds: dict[str, str], context: Context) -> list[Part]:
    """Describe all modalities.

    Args:
        kinds: Kind by column. Every column is a modality of its own name, except numbers, which
            together are the modality ``'numbers'``.
        context: What they are made from.

    Returns:
        The modalities, in the order of their first columns.

    Raises:
        FileNotFoundError: If the files of a column are not found.
        ValueError: If a column of numbers holds anything else or is constant.
    """
    grouped: dict[tuple[str, str], list[str]] = {}
    for column, kind in kinds.items():
        name = 'numbers' if kind == 'numeric' else _plain(column)
        grouped.setdefault((name, kind), []).append(column)
    return [BUILDERS[kind](name, columns, context) for (name, kind), columns in grouped.items()]


def _plain(column: str) -> str:
    # Names of modalities become names of modules, which have no dots.
    return ''.join(letter if letter.isalnum() else '_' for letter in column)


def _file(context: Context, column: str, kind: str) -> dict[str, Any]:
    prefix = find_prefix(context.root, context.table, column)
    return dict(column=column, format=kind) | (dict(prefix=prefix) if prefix else {})


def _write_vocabulary(column: str, context: Context, folder: Path) -> int:
    clean = CleanText(max_words=None).clean
    texts = [clean(str(row[column])) for row in context.train if row[column] is not None]
    folder.mkdir(parents=True, exist_ok=True)
    return write_bert(texts, _VOCABULARY, folder)


def _bert_width(folder: str) -> int:
    config = Path(folder, 'config.json')
    if not config.is_file():
        raise FileNotFoundError(f'--text-model must be the folder of a pretrained BERT, but there '
                                f'is no {str(config)!r}; correct the folder.')
    return json.loads(config.read_text(encoding='utf-8'))['hidden_size']


def _statistics(column: str, context: Context) -> tuple[float, float]:
    cells = [row[column] for row in context.train if row[column] is not None]
    try:
        values = np.array(cells, dtype=float)
    except ValueError as error:
        raise ValueError(f'Column {column!r} must hold numbers to be numeric ({error}); name its '
                         'kind, or leave it out.') from error
    if not len(values) or values.std() == 0:
        raise ValueError(f'Column {column!r} has the same number in all training rows and tells '
                         'nothing; leave it out.')
    return round(float(values.mean()), 6), round(float(values.std()), 6)
