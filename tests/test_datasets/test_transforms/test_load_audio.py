"""Windows of equal length from sounds of any length."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from mmengine.registry import TRANSFORMS

from projects.bss.datasets import LoadAudio, UnreadableSampleError

RATE = 1000
RAMP = np.arange(1, 401, dtype=np.float32) / 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ramp of 0.4 s at 1000 Hz."""
    soundfile.write(tmp_path / 'a.wav', RAMP, RATE, subtype='FLOAT')
    return tmp_path / 'a.wav'


def load(path: Path, **options: Any) -> np.ndarray:
    part = TRANSFORMS.build(dict(type='LoadAudio', **{'sample_rate': RATE, **options}))
    stream = dict(path=str(path), format='audio')
    return part(dict(modalities=dict(audio=stream)))['inputs']['audio']


@pytest.mark.parametrize('extend', ['tile', 'double'])
def test_a_short_sound_is_repeated(path: Path, extend: str) -> None:
    found = load(path, seconds=1.0, extend=extend)
    assert found.dtype == np.float32
    assert np.array_equal(found, np.concatenate([RAMP, RAMP, RAMP[:200]]))


def test_a_short_sound_is_continued_with_zeros(path: Path) -> None:
    assert np.array_equal(load(path, seconds=0.5, extend='pad'), np.append(RAMP, np.zeros(100)))


@pytest.mark.parametrize('window, start', [('start', 0), ('center', 150)])
def test_the_window_of_a_long_sound(path: Path, window: str, start: int) -> None:
    assert np.array_equal(load(path, seconds=0.1, window=window), RAMP[start:start + 100])


def test_a_random_window_lies_anywhere(path: Path) -> None:
    np.random.seed(0)
    starts = [round(1000 * load(path, seconds=0.1, window='random')[0]) - 1 for _ in range(300)]
    assert min(starts) < 10 and max(starts) > 290 and max(starts) <= 300
    assert 130 < np.mean(starts) < 170


def test_a_window_is_taken_from_its_stretch(path: Path) -> None:
    np.random.seed(0)
    tiled = np.tile(RAMP, 3)[:1000]
    for _ in range(30):
        found = load(path, seconds=0.5, stretch=1.0, window='random')
        matches = [start for start in range(501)
                   if np.array_equal(tiled[start:start + 500], found)]
        assert matches
    assert np.array_equal(load(path, seconds=0.1, stretch=0.2, window='center'), RAMP[50:150])


def test_the_whole_sound_may_be_taken(path: Path) -> None:
    assert np.array_equal(load(path, seconds=None), RAMP)


@pytest.mark.parametrize('sample_rate, seconds, samples', [
    (22050, 3.0, 66150), (22050, 20.0, 441000), (35400, 10.0, 354000), (16000, 5.0, 80000)])
def test_lengths_of_the_published_pipelines(path: Path, sample_rate: int, seconds: float,
                                            samples: int) -> None:
    assert load(path, sample_rate=sample_rate, seconds=seconds).shape == (samples, )


def test_values_are_clipped(path: Path) -> None:
    soundfile.write(path, np.array([0.5, 3.0, -2.0]), RATE, subtype='FLOAT')
    assert load(path, seconds=0.003).tolist() == [0.5, 1.0, -1.0]


def test_silence_is_unreadable_unless_allowed(path: Path) -> None:
    soundfile.write(path, np.zeros(500), RATE)
    with pytest.raises(UnreadableSampleError, match='a.wav is silent throughout; .*allow_silence'):
        load(path, seconds=0.1)
    assert not load(path, seconds=0.1, allow_silence=True).any()


def test_a_silent_window_of_a_sound_is_read(path: Path) -> None:
    soundfile.write(path, np.append(np.zeros(300), RAMP), RATE, subtype='FLOAT')
    assert not load(path, seconds=0.2).any()


def test_a_sample_without_the_stream_is_left_alone() -> None:
    assert LoadAudio()(dict(modalities=dict(video={}))) == dict(modalities=dict(video={}))


@pytest.mark.parametrize('options, message', [
    (dict(seconds=0.0), 'seconds long enough for one sample, got 1000 and 0.0'),
    (dict(sample_rate=0), 'sample_rate must be positive'),
    (dict(seconds=2.0, stretch=1.0), 'stretch must be at least seconds, got 1.0 and 2.0'),
    (dict(seconds=None, stretch=1.0), 'stretch must be at least seconds, got 1.0 and None'),
    (dict(extend='tiles'), "Unknown value of extend 'tiles'. Did you mean 'tile'"),
    (dict(window='middle'), "Unknown value of window 'middle'"),
])
def test_arguments_are_checked(path: Path, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(path, **options)
