"""Waveforms to spectrograms and filter banks."""
from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import log_spectrogram
from projects.bss.models import FilterBankPreprocessor, SpectrogramPreprocessor


def noise(*lengths: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [0.05 + 0.1 * torch.randn(length, generator=generator) for length in lengths]


def kaldi_bank(waveform: Tensor, sample_rate: int, frames: int) -> np.ndarray:
    """The filter bank of transformers, with the options of Kaldi."""
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    length = sample_rate // 40
    n_fft = 2**math.ceil(math.log2(length))
    filters = mel_filter_bank(n_fft // 2 + 1, 64, 20, sample_rate / 2, sample_rate,
                              mel_scale='kaldi', triangularize_in_mel_space=True)
    samples = (waveform - waveform.mean()).numpy()
    bank = spectrogram(samples, window_function(length, 'hann', periodic=False), length,
                       sample_rate // 100, n_fft, power=2.0, center=False, preemphasis=0.97,
                       mel_filters=filters, mel_floor=1.192092955078125e-07, log_mel='log',
                       remove_dc_offset=True).T[:frames]
    return np.pad(bank, ((0, frames - len(bank)), (0, 0)))


def test_spectrograms_of_a_batch() -> None:
    waveforms = noise(2000, 2000, 2000)
    samples = object()
    part = MODELS.build(dict(type='SpectrogramPreprocessor', n_fft=256, hop_length=128))
    batch, handed_on = part.preprocess(waveforms, samples, True)
    assert handed_on is samples
    assert torch.equal(batch, log_spectrogram(torch.stack(waveforms), 256, 128).unsqueeze(1))


def test_spectrograms_can_be_standardised_one_by_one() -> None:
    quiet, loud = noise(3000, 3000)
    batch, _ = SpectrogramPreprocessor(standardize=True).preprocess([quiet, loud * 5], None)
    expected = log_spectrogram(loud[None] * 5)[0]
    expected = (expected - expected.mean()) / expected.std(correction=0)
    torch.testing.assert_close(batch[1, 0], expected, atol=1e-5, rtol=0)


def test_spectrograms_need_one_length() -> None:
    with pytest.raises(ValueError, match=r'one length .*, got \[600, 700\] samples; set `seconds`'):
        SpectrogramPreprocessor().preprocess(noise(700, 600), None)
    with pytest.raises(ValueError, match='at least one window of n_fft = 512'):
        SpectrogramPreprocessor().preprocess(noise(100), None)


@pytest.mark.parametrize('sample_rate', [16000, 8000])
def test_filter_banks_are_those_of_kaldi(sample_rate: int) -> None:
    # Longer than 30 frames, exactly one window, and some frames that are continued with zeros.
    waveforms = noise(sample_rate, sample_rate // 40, sample_rate // 8)
    part = FilterBankPreprocessor(sample_rate, num_mel_bins=64, num_frames=30, mean=-4, std=2)
    batch, _ = part.preprocess(waveforms, None)
    assert batch.shape == (3, 1, 30, 64)
    for waveform, bank in zip(waveforms, batch):
        expected = (kaldi_bank(waveform, sample_rate, 30) + 4) / 4
        np.testing.assert_allclose(bank[0].numpy(), expected, atol=1e-4)


def test_filter_banks_have_the_published_shape_and_scale() -> None:
    batch, _ = FilterBankPreprocessor().preprocess(noise(16000), None)
    assert batch.shape == (1, 1, 1024, 128)
    # One second has 1 + (16000 - 400) // 160 = 98 frames; what follows is zero before scaling.
    assert batch[0, 0, 98:].unique().item() == pytest.approx(4.503877 / (2 * 5.141276))
    assert batch[0, 0, 97].std() > 0.01


def test_filter_banks_stay_single_precision_under_autocast() -> None:
    part, waveforms = FilterBankPreprocessor(num_frames=20), noise(4000)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        batch, _ = part.preprocess(waveforms, None)
    assert torch.equal(batch, part.preprocess(waveforms, None)[0])


def test_filter_banks_leave_no_trace_in_checkpoints() -> None:
    assert FilterBankPreprocessor().state_dict() == {}


@pytest.mark.parametrize('options, message', [
    (dict(sample_rate=50), 'sample_rate must be at least 100 Hz'), (dict(std=0.0), 'and 0.0'),
    (dict(num_frames=0), 'positive, got 16000, 128, 0'),
])
def test_arguments_of_filter_banks(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FilterBankPreprocessor(**options)


def test_a_filter_bank_needs_a_window() -> None:
    with pytest.raises(ValueError, match=r'one window of 400 samples \(25 ms\) .* got 399'):
        FilterBankPreprocessor().preprocess(noise(500, 399), None)
