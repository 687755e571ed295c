"""Degraded images and sounds, beside a second way of computing them."""
from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from projects.bss.datasets.degrade import (add_babble, leading_components, normalise_peak,
                                           project_image)
from tests.native_tables import write_idx


@pytest.fixture(scope='module')
def images() -> np.ndarray:
    rng = np.random.RandomState(0)
    shapes = rng.rand(6, 64) * np.array([[3], [2], [1], [.5], [.3], [.2]])
    mixed = rng.randn(300, 6) @ shapes
    return (128 + 20 * mixed).clip(0, 255).astype(np.uint8).reshape(-1, 8, 8)


@pytest.fixture(scope='module')
def path(images: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_idx(tmp_path_factory.mktemp('idx') / 'images', images))


@pytest.mark.parametrize('energy', [0.25, 0.5, 0.9, 1.0])
def test_components_are_those_of_sklearn(images: np.ndarray, path: str, energy: float) -> None:
    mean, components = leading_components(path, energy)
    reference = PCA(svd_solver='full').fit(images.reshape(len(images), -1) / 255)
    held = np.cumsum(reference.explained_variance_ratio_)
    expected = next((k for k in range(1, 65) if held[k - 1] >= energy), 64)
    assert components.shape == (64, expected)
    basis = reference.components_[:expected]
    np.testing.assert_allclose(components @ components.T, basis.T @ basis, atol=1e-4)
    pixels = images[7].reshape(-1) / 255 - reference.mean_
    shown = (pixels @ basis.T @ basis + reference.mean_).clip(0, 1) * 255
    projected = project_image(images[7][None, None], mean, components)
    assert projected.shape == (1, 1, 8, 8) and projected.dtype == np.uint8
    np.testing.assert_allclose(projected.reshape(-1), shown, atol=0.51)


@pytest.mark.parametrize('energy', [0, -1, 1.5])
def test_no_share_of_the_variance(path: str, energy: float) -> None:
    with pytest.raises(ValueError, match=rf'energy must lie in \(0, 1\], got {energy}'):
        leading_components(path, energy)


def test_peak() -> None:
    np.testing.assert_array_equal(normalise_peak(np.array([0.5, -0.25])), [1, -0.5])
    np.testing.assert_array_equal(normalise_peak(np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize('snr_db', [0.0, -5.0, 10.0])
def test_loudness_of_the_babble(snr_db: float) -> None:
    rng = np.random.RandomState(1)
    wave, talkers = rng.randn(800), [rng.randn(800) for _ in range(4)]
    mixed = add_babble(wave, talkers, snr_db, 0.1, np.random.RandomState(5))
    clean = normalise_peak(wave).astype(float)
    # The mixture is scaled by an unknown factor: the part along the clean sound tells which.
    again, babble = np.random.RandomState(5), np.zeros(800)
    for talker in talkers:
        shift = again.randint(800)
        babble += np.array([normalise_peak(talker)[(i - shift) % 800] for i in range(800)])
    noise = babble + 0.1 * np.abs(babble).max() * again.standard_normal(800)
    gain = np.sqrt((clean**2).sum() / (noise**2).sum()) * 10**(-snr_db / 20)
    expected = clean + gain * noise
    np.testing.assert_allclose(mixed, expected / np.abs(expected).max(), rtol=1e-4, atol=1e-6)
    assert np.abs(mixed).max() == 1


def test_silence_gets_no_babble_and_silent_talkers_add_none() -> None:
    wave, rng = np.array([0.0, 0.5]), np.random.RandomState(0)
    np.testing.assert_array_equal(add_babble(wave, [np.zeros(2)], 0.0, 0.1, rng), [0, 1])
    assert not add_babble(np.zeros(2), [wave], 0.0, 0.1, rng).any()
