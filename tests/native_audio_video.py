"""Small copies of the audio-video sets in their native layout, of real sound and pictures."""
from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import soundfile

SHARED = Path(__file__).resolve().parents[2] / 'shared' / 'data'
CREMAD_REAL, GRID_REAL = SHARED / 'cremad_mini', SHARED / 'grid_letters'
CREMAD_LISTS = dict(train=('ANG', 'DIS', 'FEA', 'HAP'), test=('NEU', 'SAD'))
KINETICS_CLASSES = ('tickling', 'bowling', 'singing')
VGGSOUND_CLASSES = ('dog barking', 'playing banjo', 'rain')
ITEMS = dict(train=6, test=4)


def write_cremad(root: Path) -> Path:
    """Lay out six clips of CREMA-D, one per emotion: four for training, two for the test.

    Args:
        root: Folder to be made.

    Returns:
        ``root``.
    """
    for split, emotions in CREMAD_LISTS.items():
        clips = [f'1001_DFA_{emotion}_XX' for emotion in emotions]
        _write_rows(root / f'annotations/{split}.csv', zip(clips, emotions))
        for clip in clips:
            _add(root / 'AudioWAV' / f'{clip}.wav', CREMAD_REAL / 'AudioWAV' / f'{clip}.wav')
            _add(root / 'Image-01-FPS' / clip, CREMAD_REAL / 'Image-01-FPS' / clip)
    return root


def write_kinetics_sounds(root: Path) -> Path:
    """Lay out six training and four test clips as the authors' code of BSS reads Kinetics-Sounds.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, whose clips belong to ``KINETICS_CLASSES`` in turn.
    """
    for number, (split, total) in enumerate(ITEMS.items()):
        clips = [f'-ks{split}{index}_000010_000020' for index in range(total)]
        labels = _in_turn(KINETICS_CLASSES, total)
        _write_rows(root / f'annotations/{split}.csv',
                    [('label', 'youtube_id'), *zip(labels, clips)])
        _add_clips(root / f'{split}_wav', root / f'{split}_img/Image-01-FPS', clips, 6 * number)
    return root


def write_vggsound(root: Path) -> Path:
    """Lay out six training and four test clips as the authors' code of BSS reads VGGSound.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, whose clips belong to ``VGGSOUND_CLASSES`` in turn.
    """
    for number, (split, total) in enumerate(ITEMS.items()):
        clips = [f'_vgg{split}{index}_000030' for index in range(total)]
        labels = _in_turn(VGGSOUND_CLASSES, total)
        _write_rows(root / f'{split}.csv',
                    [(index, label, f'/{clip}')
                     for index, (label, clip) in enumerate(zip(labels, clips))])
        _add_clips(root / 'AudioWAV', root / 'Image-01-FPS', clips, 6 * number)
    numbers = {name: index for index, name in enumerate(VGGSOUND_CLASSES)}
    (root / 'label_encoding.json').write_text(json.dumps(numbers))
    return root


def write_grid_letters(root: Path) -> Path:
    """Lay out spoken letters, six clips a split, in the layout that readers of CREMA-D use.

    Args:
        root: Folder to be made.

    Returns:
        ``root``, whose clips say the letters a to f.
    """
    for number, split in enumerate(('train', 'val', 'test')):
        clips = [f's1_{split}{index}' for index in range(6)]
        _write_rows(root / f'annotations/{split}.csv', zip(clips, 'abcdef'))
        _add_clips(root / 'AudioWAV', root / 'Image-25-FPS', clips, 6 * number)
    return root


def write_sound(path: Path, seconds: float = 0.6, rate: int = 16000, hertz: float = 440) -> None:
    """Write a tone of half the full scale, 16 bit.

    Args:
        path: The ``.wav`` file; its folder is made.
        seconds: Length.
        rate: Samples per second.
        hertz: Frequency.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * rate)) / rate
    soundfile.write(path, np.sin(2 * np.pi * hertz * times) / 2, rate)


def write_frames(folder: Path, count: int = 12, size: tuple[int, int] = (72, 72)) -> None:
    """Write flat pictures ``00001.jpg``, ..., the n-th (from 0) of the grey value 20 n.

    Args:
        folder: Folder to be made.
        count: Number of pictures, at most 12.
        size: Height and width.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        cv2.imwrite(str(folder / f'{number + 1:05d}.jpg'),
                    np.full((*size, 3), 20 * number, np.uint8))


def _add_clips(sounds: Path, frames: Path, clips: Sequence[str], skip: int) -> None:
    real = sorted(path.stem for path in (GRID_REAL / 'AudioWAV').glob('*.wav'))[skip:]
    for clip, source in zip(clips, real or clips):
        _add(sounds / f'{clip}.wav', GRID_REAL / 'AudioWAV' / f'{source}.wav')
        _add(frames / clip, GRID_REAL / 'Image-25-FPS' / source)


def _add(target: Path, source: Path) -> None:
    """Link to the real file or folder, or write a generated one where that is not at hand."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.exists():
        target.symlink_to(source)
    elif target.suffix == '.wav':
        write_sound(target)
    else:
        write_frames(target)


def _in_turn(classes: Sequence[str], total: int) -> list[str]:
    return [classes[index % len(classes)] for index in range(total)]


def _write_rows(path: Path, rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, 'w', encoding='utf-8', newline='') as file:
        csv.writer(file).writerows(rows)
