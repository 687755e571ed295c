"""AV-MNIST: written and spoken digits, paired by class."""
from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.registry import DATASETS

from projects.bss.datasets.annotations import class_index, line_error, read_rows
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.degrade import leading_components
from projects.bss.datasets.idx import read_idx
from projects.bss.datasets.transforms.degrade import AddBabble, DegradeImage
from projects.bss.functional import closest_name

DIGITS = tuple('0123456789')
_INDICES = {digit: index for index, digit in enumerate(DIGITS)}
SPLITS = ('train', 'val', 'test')
IMAGE_FILES = {'train': 'train-images-idx3-ubyte.gz', 't10k': 't10k-images-idx3-ubyte.gz'}
COLUMNS = ('id', 'label', 'image_split', 'image_index', 'audio')


@dataclass(frozen=True)
class Version:
    """How much harder than the recordings a version is.

    Attributes:
        energy: Share of the image variance that is left, in (0, 1]; None leaves images alone.
        snr_db: Loudness of the sound over that of the babble, in decibel; None adds none.
        talkers: Number of recordings in the babble.
        white: Standard deviation of white noise as a share of the babble's peak.
    """

    energy: float | None = None
    snr_db: float | None = None
    talkers: int = 4
    white: float = 0.1


VERSIONS = {'clean': Version(), 'degraded': Version(energy=0.25, snr_db=0.0),
            'skewed': Version(snr_db=-5.0)}


@DATASETS.register_module()
class AVMNISTDataset(MultiModalDataset):
    """Images of MNIST paired with recordings of the Free Spoken Digit Dataset.

    ``data_root`` holds ``mnist/*.gz``, ``recordings/*.wav`` and ``annotations/<split>.csv``. The
    noise of the harder versions is a function of the version and the sample's id, and is applied
    by ``DegradeImage`` and ``AddBabble``, which leave the samples of the clean version alone.

    Args:
        split: ``'train'``, ``'val'`` or ``'test'``.
        version: ``'clean'``; ``'degraded'``: a quarter of the image variance, babble as loud as
            the sound; ``'skewed'``: images as they are, babble 5 dB louder than the sound.
        limit: Use the first so many rows only.
        modalities: ``'image'`` and ``'audio'``, in the order of the model, or one of them.
        ann_file: Annotation file; by default that of the split.
        **kwargs: ``data_root``, ``pipeline``, ``on_error`` and the other arguments of
            ``MultiModalDataset``.

    Raises:
        ValueError: If an argument or a line of the annotations is wrong.
        FileNotFoundError: If the annotations or files of the used modalities are missing.

    Reference:
        Perez-Rua et al., MFAS: Multimodal Fusion Architecture Search, CVPR 2019, who pair and
        degrade the digits in this manner, with other noise.
    """

    METAINFO = dict(dataset_type='AV-MNIST', classes=DIGITS)
    obtain = ('AV-MNIST is made of MNIST (four idx files, data_root/mnist) and the Free Spoken '
              'Digit Dataset (wav files, data_root/recordings; on GitHub as '
              'Jakobovski/free-spoken-digit-dataset); `python tools/data/avmnist/prepare.py '
              'DATA_ROOT` makes the rest.')

    def __init__(self, *, split: str = 'train', version: str = 'clean', limit: int | None = None,
                 modalities: Sequence[str] = ('image', 'audio'), ann_file: str = '',
                 **kwargs: Any) -> None:
        for kind, name, known in (('split', split, SPLITS), ('version', version, VERSIONS),
                                  *(('modality', name, _STREAMS) for name in modalities)):
            if name not in known:
                raise ValueError(closest_name(kind, name, known))
        if limit is not None and limit < 1:
            raise ValueError(f'limit must be at least 1 row or None for all, got {limit}; set a '
                             'positive number.')
        self.version, self.limit = version, limit
        super().__init__(modalities=modalities, ann_file=ann_file or f'annotations/{split}.csv',
                         **kwargs)
        self._check_pipeline()

    def load_data_list(self) -> list[dict]:
        """Read the annotations.

        Returns:
            One record per row, in the order of the file.
        """
        self.require_file(self.ann_file, 'annotation file')
        energy = VERSIONS[self.version].energy
        if 'image' in self.modalities and energy is not None:
            training = Path(self.data_root, 'mnist', IMAGE_FILES['train'])
            self.require_file(training, 'file of images that the components are fitted on')
            # Here, before the workers of a loader are forked, so that it is done once.
            leading_components(str(training), energy)
        rows = list(read_rows(self.ann_file, COLUMNS, header=True))
        noise = _Noise(self.version, rows)
        return [self._record(number, row, noise) for number, row in rows[:self.limit]]

    def _check_pipeline(self) -> None:
        settings = VERSIONS[self.version]
        needed = {'image': settings.energy is not None and DegradeImage,
                  'audio': settings.snr_db is not None and AddBabble}
        steps = self.pipeline.transforms
        for name in self.modalities:
            step = needed[name]
            if step and steps and not any(isinstance(part, step) for part in steps):
                raise ValueError(f'version {self.version!r} needs the transform {step.__name__} '
                                 f'in the pipeline, behind the one that loads {name!r}; add it, '
                                 "or use version='clean'.")

    def _record(self, number: int, row: dict[str, str], noise: _Noise) -> dict:
        label = class_index(_INDICES, row['label'], self.ann_file, number)
        try:
            streams = {name: _STREAMS[name](Path(self.data_root), row, noise)
                       for name in self.modalities}
        except ValueError as error:
            raise line_error(self.ann_file, number, str(error)) from error
        return {'clip_id': row['id'], 'gt_label': label, 'modalities': streams}


class _Noise:
    """Noise of each sample: a function of the version, the id and the recordings of the split."""

    def __init__(self, version: str, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
        self.name, self.settings = version, VERSIONS[version]
        recordings = sorted({(row['audio'], row['label']) for _, row in rows})
        self._others = {digit: [Path(file).name for file, label in recordings if label != digit]
                        for digit in DIGITS}

    def image(self) -> dict:
        """Settings of ``DegradeImage``."""
        if self.settings.energy is None:
            return {}
        return dict(degrade=dict(energy=self.settings.energy, fitted_on=IMAGE_FILES['train']))

    def audio(self, row: dict[str, str]) -> dict:
        """Settings of ``AddBabble``."""
        if self.settings.snr_db is None:
            return {}
        seed, others = zlib.crc32(f'{self.name}/{row["id"]}'.encode()), self._others[row['label']]
        # The legacy generator, whose numbers numpy has promised never to change.
        drawn = np.random.RandomState(seed).randint(len(others), size=self.settings.talkers)
        return dict(babble=dict(talkers=[others[index] for index in drawn], seed=seed,
                                snr_db=self.settings.snr_db, white=self.settings.white))


def _image_stream(root: Path, row: dict[str, str], noise: _Noise) -> dict:
    if row['image_split'] not in IMAGE_FILES:
        raise ValueError(f'image_split must be one of {tuple(IMAGE_FILES)}, got '
                         f'{row["image_split"]!r}; correct the line.')
    path = root / 'mnist' / IMAGE_FILES[row['image_split']]
    # Read before the workers of a loader are forked, so that all share one copy.
    total = len(read_idx(str(path))) if path.is_file() else float('inf')
    if not row['image_index'].isdecimal() or int(row['image_index']) >= total:
        raise ValueError(f'image_index must be a whole number in 0..{total - 1}, got '
                         f'{row["image_index"]!r}; correct the line.')
    return dict(path=str(path), format='idx', index=int(row['image_index']), **noise.image())


def _audio_stream(root: Path, row: dict[str, str], noise: _Noise) -> dict:
    return dict(path=str(root / row['audio']), format='audio', **noise.audio(row))


_STREAMS: dict[str, Callable[[Path, dict[str, str], _Noise], dict]] = dict(
    image=_image_stream, audio=_audio_stream)
