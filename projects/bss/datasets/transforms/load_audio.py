"""Reading of the sound of a sample."""
from __future__ import annotations

import numpy as np
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.audio import is_silent, read_sound, sound_seconds
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.transforms.stream import StreamLoader
from projects.bss.functional import closest_name


def _repeat(sound: np.ndarray, length: int) -> np.ndarray:
    return np.tile(sound, -(-length // len(sound)))[:length]


def _pad(sound: np.ndarray, length: int) -> np.ndarray:
    return np.pad(sound, (0, length - len(sound)))


# Doubling until the sound is long enough, then cutting, gives the samples that tiling gives.
_EXTENSIONS = {'tile': _repeat, 'double': _repeat, 'pad': _pad}
_WINDOWS = {
    'start': lambda spare: 0.0,
    'center': lambda spare: spare / 2,
    'random': lambda spare: np.random.uniform(0, spare),
}


@TRANSFORMS.register_module()
class LoadAudio(StreamLoader):
    """Read a window of equal length of every sound, as one channel.

    A sound shorter than its stretch is extended; the window is then taken from the stretch. Only
    the part of the file that the window needs is decoded and resampled.

    Random numbers come from numpy's global generator. Adds ``inputs[modality]``: float32 (S,) in
    [-1, 1], S = round(seconds * sample_rate).

    Args:
        modality: Name of the stream, of format ``'audio'``.
        sample_rate: Samples per second, in Hz; every file is resampled to it.
        seconds: Length of the window; ``None`` takes the whole sound, whatever its length.
        extend: What follows a short sound: ``'tile'`` itself, as often as needed; ``'double'``
            itself, doubled as often as needed (which gives the same samples); ``'pad'`` zeros.
        window: Where in the stretch the window lies: at its ``'start'``, in its ``'center'`` or
            anywhere (``'random'``).
        stretch: Seconds of sound from which the window is taken, at least ``seconds``; longer
            sounds are cut to it. ``None`` takes the window from the whole sound.
        allow_silence: Whether a silent file is a sample like any other, instead of an unreadable
            one.

    Raises:
        ValueError: If an argument is out of range or unknown.
    """

    def __init__(self, modality: str = 'audio', sample_rate: int = 22050,
                 seconds: float | None = 3.0, extend: str = 'tile', window: str = 'start',
                 stretch: float | None = None, allow_silence: bool = False) -> None:
        if sample_rate < 1 or (seconds is not None and seconds * sample_rate < 1):
            raise ValueError('sample_rate must be positive and seconds long enough for one sample, '
                             f'got {sample_rate} and {seconds}; correct them.')
        if stretch is not None and (seconds is None or stretch < seconds):
            raise ValueError(f'stretch must be at least seconds, got {stretch} and {seconds}; the '
                             'window is taken from the stretch.')
        if extend not in _EXTENSIONS:
            raise ValueError(closest_name('value of extend', extend, _EXTENSIONS))
        if window not in _WINDOWS:
            raise ValueError(closest_name('value of window', window, _WINDOWS))
        super().__init__(modality)
        self.sample_rate, self.seconds = sample_rate, seconds
        self.extend, self.window, self.stretch = extend, window, stretch
        self.allow_silence = allow_silence

    def load(self, stream: dict) -> np.ndarray:
        """Read the sound of one sample.

        Args:
            stream: Holds ``path``.

        Returns:
            float32 (S,) in [-1, 1].

        Raises:
            UnreadableSampleError: If the file cannot be decoded, holds no sound or, unless that is
                allowed, is silent throughout.
        """
        path = stream['path']
        if self.seconds is None:
            return self._sound(path)
        total = sound_seconds(path)
        stretch = self.stretch or max(total, self.seconds)
        start = _WINDOWS[self.window](stretch - self.seconds)
        if start + self.seconds <= total:
            return self._extended(self._sound(path, start, self.seconds), self.seconds)
        first = round(start * self.sample_rate)
        sound = self._extended(self._sound(path, 0, stretch), stretch)
        return sound[first:first + self._length(self.seconds)]

    def _sound(self, path: str, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
        # Checked and clipped before it is extended, to many times its length.
        sound = read_sound(path, self.sample_rate, start, seconds)
        if not self.allow_silence and is_silent(sound) and is_silent(
                read_sound(path, self.sample_rate)):
            raise UnreadableSampleError(f'{path} is silent throughout; to train with such sounds '
                                        'set allow_silence=True of LoadAudio.')
        return np.clip(sound, -1, 1)

    def _extended(self, sound: np.ndarray, seconds: float) -> np.ndarray:
        length = self._length(seconds)
        return sound if len(sound) >= length else _EXTENSIONS[self.extend](sound, length)

    def _length(self, seconds: float) -> int:
        return round(seconds * self.sample_rate)
