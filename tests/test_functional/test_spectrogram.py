"""Spectrograms against sums written out as loops."""
from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import torch

from projects.bss.functional import log_spectrogram


def loop_spectrogram(samples: list[float], n_fft: int, hop: int, eps: float) -> np.ndarray:
    """Log magnitudes by the definition of the discrete Fourier transform, (F, T)."""
    last, half = len(samples) - 1, n_fft // 2
    columns = []
    for centre in range(0, len(samples) + 1, hop):
        frame = []
        for step in range(n_fft):
            place = abs(centre - half + step)
            place = place if place <= last else 2 * last - place
            window = 0.5 - 0.5 * math.cos(2 * math.pi * step / n_fft)
            frame.append(window * samples[place])
        columns.append([math.log(eps + abs(sum(
            value * cmath.exp(-2j * math.pi * frequency * step / n_fft)
            for step, value in enumerate(frame)))) for frequency in range(half + 1)])
    return np.array(columns).T


@pytest.mark.parametrize('length, n_fft, hop', [(37, 16, 5), (16, 16, 16), (40, 8, 3)])
def test_values_are_those_of_the_definition(length: int, n_fft: int, hop: int) -> None:
    waveform = torch.randn(2, length, dtype=torch.float64,
                           generator=torch.Generator().manual_seed(0))
    for row, found in zip(waveform, log_spectrogram(waveform, n_fft, hop, eps=1e-3)):
        expected = loop_spectrogram(row.tolist(), n_fft, hop, 1e-3)
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize('samples, n_fft, hop, shape', [
    (66150, 512, 353, (257, 188)), (441000, 512, 353, (257, 1250)),
    (354000, 512, 353, (257, 1003)), (708000, 512, 353, (257, 2006)),
    (80000, 256, 128, (129, 626)),
])
def test_shapes_of_the_published_pipelines(samples: int, n_fft: int, hop: int,
                                           shape: tuple[int, int]) -> None:
    assert log_spectrogram(torch.zeros(1, samples), n_fft, hop).shape == (1, *shape)


def test_a_tone_stands_at_its_frequency_and_silence_at_the_floor() -> None:
    times = torch.arange(4000) / 8000
    tone = torch.sin(2 * math.pi * 1000 * times).unsqueeze(0)
    spectrogram = log_spectrogram(torch.cat([tone, torch.zeros_like(tone)]), 256, 100)
    # 1000 Hz is number 1000 / 8000 * 256 = 32; a full-scale sine has half the sum of the window.
    assert spectrogram[0, :, 20].argmax() == 32
    assert spectrogram[0, 32, 20].item() == pytest.approx(math.log(256 / 4), abs=1e-4)
    assert spectrogram[1].unique().item() == pytest.approx(math.log(1e-7))


def test_it_stays_single_precision_under_autocast() -> None:
    waveform = torch.randn(1, 2000, generator=torch.Generator().manual_seed(1))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = log_spectrogram(waveform)
    assert found.dtype == torch.float32 and torch.equal(found, log_spectrogram(waveform))


def test_gradients_reach_the_waveform_after_a_pass_in_inference_mode() -> None:
    waveform = torch.randn(1, 300, dtype=torch.float64,
                           generator=torch.Generator().manual_seed(2)).requires_grad_()
    with torch.inference_mode():
        log_spectrogram(waveform, n_fft=30, hop_length=10)
    assert torch.autograd.gradcheck(lambda x: log_spectrogram(x, 30, 100, eps=1e-2), waveform)


@pytest.mark.parametrize('shape, options, message', [
    ((1, 511), {}, r'at least one window of n_fft = 512 samples, got \(1, 511\); extend the sound'),
    ((600, ), {}, r'must have the shape \(N, S\) .* got \(600,\)'),
    ((1, 600), dict(hop_length=0), 'hop_length at least 1 and eps positive, got 512, 0 and 1e-07'),
    ((1, 600), dict(n_fft=1), 'n_fft must be at least 2'),
    ((1, 600), dict(eps=0.0), 'eps positive'),
])
def test_wrong_arguments(shape: tuple[int, ...], options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        log_spectrogram(torch.zeros(shape), **options)
