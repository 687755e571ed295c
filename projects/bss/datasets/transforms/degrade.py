"""Noise that belongs to a version of a data set, not to chance."""
from __future__ import annotations

from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS

from projects.bss.datasets.audio import read_sound
from projects.bss.datasets.degrade import (add_babble, leading_components, normalise_peak,
                                           project_image)


@TRANSFORMS.register_module()
class DegradeImage(BaseTransform):
    """Leave of an image what a few principal components can show.

    How much is up to the data set, which gives the stream ``degrade=dict(energy, fitted_on)``: the
    share of the variance that is left, and the idx file, beside that of the image, on which the
    components are fitted. A stream without this entry is left alone, as are
    samples without the stream.

    Args:
        modality: Name of the stream.
    """

    def __init__(self, modality: str = 'image') -> None:
        self.modality = modality

    def transform(self, results: dict) -> dict:
        """Degrade one image.

        Args:
            results: Holds ``modalities`` and, in ``inputs``, the image: uint8, any shape.

        Returns:
            ``results`` with the degraded image, of the same shape, in its place.

        Raises:
            UnreadableSampleError: If the file to fit on is corrupt.
        """
        stream = results['modalities'].get(self.modality, {})
        if 'degrade' in stream:
            training = Path(stream['path']).with_name(stream['degrade']['fitted_on'])
            mean, components = leading_components(str(training), stream['degrade']['energy'])
            image = results['inputs'][self.modality]
            results['inputs'][self.modality] = project_image(image, mean, components)
        return results


@TRANSFORMS.register_module()
class AddBabble(BaseTransform):
    """Bring a sound to peak 1 and add other recordings where the data set says so.

    The stream's ``babble=dict(talkers, snr_db, white, seed)`` names recordings beside its own, the
    power of the sound over that of the noise in decibel, the standard deviation of the white noise
    as a share of the babble's peak, and the seed of shifts and noise. The same record gives the
    same noise on every visit. A stream without this entry is brought to peak 1 only.

    Args:
        modality: Name of the stream.
        sample_rate: Samples per second of the sound, in Hz, as in ``LoadAudio``.
    """

    def __init__(self, modality: str = 'audio', sample_rate: int = 8000) -> None:
        self.modality, self.sample_rate = modality, sample_rate

    def transform(self, results: dict) -> dict:
        """Add noise to one sound.

        Args:
            results: Holds ``modalities`` and, in ``inputs``, the sound: float32 (S,).

        Returns:
            ``results`` with the mixture, float32 (S,), in its place.

        Raises:
            UnreadableSampleError: If a recording of the babble is corrupt.
        """
        stream = results['modalities'].get(self.modality)
        if stream is None:
            return results
        wave = normalise_peak(results['inputs'][self.modality])
        if 'babble' in stream:
            babble = stream['babble']
            talkers = [self._read(Path(stream['path']).with_name(name), len(wave))
                       for name in babble['talkers']]
            rng = np.random.RandomState([babble['seed'], 1])
            wave = add_babble(wave, talkers, babble['snr_db'], babble['white'], rng)
        results['inputs'][self.modality] = wave
        return results

    def _read(self, path: Path, length: int) -> np.ndarray:
        sound = read_sound(str(path), self.sample_rate)[:length]
        return np.pad(sound, (0, length - len(sound)))
