"""Harder versions of images and sounds, without chance: images from few components, babble."""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from projects.bss.datasets.idx import read_idx

_BLOCK = 5000


@lru_cache(maxsize=4)
def leading_components(path: str, energy: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the principal components of the images of an idx file, once per process.

    Args:
        path: The file, (N, H, W).
        energy: Share of the variance that the components must hold, in (0, 1].

    Returns:
        Mean image, (H * W,), and the fewest leading components that hold ``energy``,
        (H * W, k), float64, for pixels in [0, 1].

    Raises:
        UnreadableSampleError: If the file is no idx file.
        ValueError: If ``energy`` is not in (0, 1].
    """
    if not 0 < energy <= 1:
        raise ValueError(f'energy must lie in (0, 1], got {energy}; set the share of the variance '
                         'to keep.')
    images = read_idx(path)
    pixels = images.reshape(len(images), -1)
    mean = pixels.mean(axis=0) / 255
    shift = mean.astype(np.float32)
    products = np.zeros((pixels.shape[1], pixels.shape[1]))
    # In blocks, because the whole set in floating point takes several times its memory.
    for start in range(0, len(pixels), _BLOCK):
        block = pixels[start:start + _BLOCK] / np.float32(255) - shift
        products += block.T @ block
    variances, components = np.linalg.eigh(products)
    held = np.cumsum(variances[::-1]) / variances.sum()
    count = min(int(np.searchsorted(held, energy)) + 1, len(held))
    return mean, np.ascontiguousarray(components[:, ::-1][:, :count])


def project_image(image: np.ndarray, mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Leave of an image what some components can show.

    Args:
        image: uint8, any shape of H * W pixels.
        mean: Mean image, (H * W,), in [0, 1].
        components: Orthonormal components, (H * W, k).

    Returns:
        uint8, same shape.
    """
    centred = image.reshape(-1) / 255 - mean
    projected = components @ (components.T @ centred) + mean
    return (projected.clip(0, 1) * 255).round().astype(np.uint8).reshape(image.shape)


def normalise_peak(wave: np.ndarray) -> np.ndarray:
    """Scale a sound so that its loudest sample is 1 or -1; silence stays silence.

    Args:
        wave: (S,).

    Returns:
        float32 (S,).
    """
    peak = np.abs(wave).max(initial=0)
    return (wave / peak if peak else wave).astype(np.float32)


def add_babble(wave: np.ndarray, talkers: Sequence[np.ndarray], snr_db: float, white: float,
               rng: np.random.RandomState) -> np.ndarray:
    """Add other sounds, each shifted in a circle by a random amount, and white noise.

    Args:
        wave: The sound, (S,).
        talkers: Other sounds, (S,) each.
        snr_db: Power of the sound over that of all that is added, in decibel.
        white: Standard deviation of the white noise as a share of the babble's peak, >= 0.
        rng: Source of shifts and noise.

    Returns:
        The mixture with peak 1, float32 (S,).
    """
    babble = np.zeros(len(wave))
    for talker in talkers:
        babble += np.roll(normalise_peak(talker), rng.randint(len(wave)))
    noise = babble + white * np.abs(babble).max() * rng.standard_normal(len(wave))
    clean = normalise_peak(wave)
    power = np.square(noise).mean()
    gain = np.sqrt(np.square(clean).mean() / power / 10**(snr_db / 10)) if power else 0.0
    return normalise_peak(clean + gain * noise)
