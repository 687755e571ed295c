"""Reading of sound files."""
from __future__ import annotations

from math import ceil

import numpy as np
import soundfile
import soxr

from projects.bss.datasets.errors import UnreadableSampleError

# The resampling filter looks less far than this, so what follows a cut here is not heard before it.
_LOOK_AHEAD = 0.05
SILENCE = 1e-4
"""A sound that never exceeds this amplitude (-80 dB of full scale) counts as silent."""


def sound_seconds(path: str) -> float:
    """Give the duration of a sound file, from its header.

    Args:
        path: Sound file.

    Returns:
        Seconds, > 0.

    Raises:
        UnreadableSampleError: If the file cannot be opened or holds no sound.
    """
    with _open(path) as file:
        return file.frames / file.samplerate


def read_sound(path: str, sample_rate: int, start: float = 0.0,
               seconds: float | None = None) -> np.ndarray:
    """Read a stretch of a sound file as one channel, the mean of its channels.

    Nothing but the stretch is decoded and resampled.

    Args:
        path: Sound file of any format of libsndfile (wav, flac, ogg, mp3, ...).
        sample_rate: Samples per second of the result, in Hz.
        start: Where the stretch begins, in seconds.
        seconds: Its length; ``None`` reads to the end.

    Returns:
        float32 (S,), full scale being [-1, 1]; shorter than asked where the file ends.

    Raises:
        UnreadableSampleError: If the file cannot be decoded, holds no sound or numbers that are
            not finite.
    """
    with _open(path) as file:
        rate = file.samplerate
        try:
            file.seek(min(round(start * rate), file.frames))
            frames = -1 if seconds is None else ceil((seconds + _LOOK_AHEAD) * rate)
            sound = file.read(frames, dtype='float32', always_2d=True).mean(axis=1)
        except soundfile.LibsndfileError as error:
            raise UnreadableSampleError(f'{path} cannot be decoded ({error}).') from error
    if not len(sound) or not np.isfinite(sound).all():
        raise UnreadableSampleError(f'{path} holds no sound, or samples that are not finite.')
    sound = soxr.resample(sound, rate, sample_rate) if rate != sample_rate else sound
    return sound if seconds is None else sound[:round(seconds * sample_rate)]


def is_silent(sound: np.ndarray) -> bool:
    """Say whether a sound never exceeds ``SILENCE``.

    Args:
        sound: Samples, (S,), full scale being [-1, 1].

    Returns:
        Whether it is silent; an empty sound is.
    """
    return not len(sound) or float(np.abs(sound).max()) <= SILENCE


def _open(path: str) -> soundfile.SoundFile:
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError as error:
        raise UnreadableSampleError(f'{path} cannot be opened as sound ({error}).') from error
    if not file.frames:
        file.close()
        raise UnreadableSampleError(f'{path} holds no sound (0 samples).')
    return file
