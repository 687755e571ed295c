"""Reading of sound files."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from projects.bss.datasets import UnreadableSampleError
from projects.bss.datasets.audio import is_silent, read_sound, sound_seconds


def tone(path: Path, seconds: float, rate: int = 8000, channels: int = 1) -> np.ndarray:
    """Write a sweep, each channel at its own height, as 32-bit floats; return (S, channels)."""
    times = np.arange(round(seconds * rate)) / rate
    sound = np.sin(400 * times * (1 + times))[:, None] / np.arange(2, channels + 2)
    soundfile.write(path, sound, rate, subtype='FLOAT')
    return sound.astype(np.float32)


def test_a_stretch_is_read_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / 'a.wav'
    sound = tone(path, 2.0)[:, 0]
    assert sound_seconds(str(path)) == 2.0
    assert np.array_equal(read_sound(str(path), 8000), sound)
    assert np.array_equal(read_sound(str(path), 8000, 0.5, 0.25), sound[4000:6000])
    assert np.array_equal(read_sound(str(path), 8000, 1.5, 9), sound[12000:])


def test_channels_are_averaged(tmp_path: Path) -> None:
    sound = tone(tmp_path / 'a.wav', 0.5, channels=3)
    np.testing.assert_allclose(read_sound(str(tmp_path / 'a.wav'), 8000), sound.mean(axis=1),
                               atol=1e-7)


def test_resampling_keeps_a_tone(tmp_path: Path) -> None:
    rate, new = 16000, 22050
    soundfile.write(tmp_path / 'a.wav', np.sin(2 * np.pi * 440 * np.arange(rate) / rate) / 2, rate)
    found = read_sound(str(tmp_path / 'a.wav'), new)
    expected = np.sin(2 * np.pi * 440 * np.arange(new) / new) / 2
    assert len(found) == new
    np.testing.assert_allclose(found[500:-500], expected[500:-500], atol=1e-3)


@pytest.mark.parametrize('rate', [22050, 16000, 8000, 35400])
def test_a_partial_read_gives_the_samples_of_a_whole_one(tmp_path: Path, rate: int) -> None:
    whole = tone(tmp_path / 'a.wav', 3.0, rate=44100)[:, 0]
    found = read_sound(str(tmp_path / 'a.wav'), rate, seconds=1.0)
    assert len(found) == rate
    np.testing.assert_allclose(found, soxr.resample(whole, 44100, rate)[:rate], atol=1e-5)


@pytest.mark.parametrize('damage, message', [
    (b'', 'cannot be opened as sound'), (b'no sound' * 100, 'cannot be opened as sound'),
])
def test_what_is_no_sound_is_named(tmp_path: Path, damage: bytes, message: str) -> None:
    (tmp_path / 'a.wav').write_bytes(damage)
    with pytest.raises(UnreadableSampleError, match=f'a.wav {message}'):
        read_sound(str(tmp_path / 'a.wav'), 8000)
    with pytest.raises(UnreadableSampleError, match='gone.wav cannot be opened'):
        sound_seconds(str(tmp_path / 'gone.wav'))


def test_empty_and_broken_samples_are_named(tmp_path: Path) -> None:
    path = str(tmp_path / 'a.wav')
    soundfile.write(path, np.zeros(0), 8000)
    with pytest.raises(UnreadableSampleError, match=r'a.wav holds no sound \(0 samples\)'):
        read_sound(path, 8000)
    soundfile.write(path, np.array([0.1, np.nan]), 8000, subtype='FLOAT')
    with pytest.raises(UnreadableSampleError, match='samples that are not finite'):
        read_sound(path, 8000)


def test_a_damaged_stream_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'a.flac'
    soundfile.write(path, np.random.default_rng(0).normal(size=40000) / 9, 8000)
    data = path.read_bytes()
    path.write_bytes(data[:len(data) // 2])
    with pytest.raises(UnreadableSampleError, match='a.flac'):
        read_sound(str(path), 8000)


def test_silence_has_a_threshold() -> None:
    assert is_silent(np.zeros(0)) and is_silent(np.full(5, -1e-4))
    assert not is_silent(np.array([0, -2e-4]))
