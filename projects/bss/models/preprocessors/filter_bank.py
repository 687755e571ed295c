"""Waveforms to Kaldi's Mel filter banks, in batches on the device of the model."""
from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

_FRAME_SECONDS, _SHIFT_SECONDS = 0.025, 0.010
_LOWEST_HZ = 20
_PREEMPHASIS = 0.97
_ENERGY_FLOOR = torch.finfo(torch.float32).eps


@MODELS.register_module()
class FilterBankPreprocessor(nn.Module):
    """Turn waveforms of any length into logarithmic Mel filter banks as Kaldi computes them.

    Frames of 25 ms every 10 ms under a Hanning window, without dither and energy, pre-emphasis
    0.97, frequencies from 20 Hz; the mean of each waveform is subtracted first. The bank is cut,
    or continued with zeros, to ``num_frames`` and then becomes (x - mean) / (2 std).

    Stands in ``MultiModalDataPreprocessor(preprocessors=dict(audio=...))``.

    Args:
        sample_rate: Samples per second of the waveforms, in Hz.
        num_mel_bins: Number of filters.
        num_frames: Number of frames of the result; 1024 are 10.24 s.
        mean: Mean of filter banks over the data set.
        std: Their standard deviation, > 0.

    Raises:
        ValueError: If an argument is out of range.

    Reference:
        Povey et al., The Kaldi Speech Recognition Toolkit, ASRU 2011. Mean and standard deviation:
        those in use for Kinetics-Sounds (OGM-GE, CVPR 2022, and MMPareto, ICML 2024).
    """

    window: Tensor
    filters: Tensor

    def __init__(self, sample_rate: int = 16000, num_mel_bins: int = 128, num_frames: int = 1024,
                 mean: float = -4.503877, std: float = 5.141276) -> None:
        super().__init__()
        if min(sample_rate / 100, num_mel_bins, num_frames) < 1 or std <= 0:
            raise ValueError('sample_rate must be at least 100 Hz, num_mel_bins, num_frames and '
                             f'std positive, got {sample_rate}, {num_mel_bins}, {num_frames} and '
                             f'{std}; correct them.')
        self.num_frames, self.mean, self.std = num_frames, mean, std
        self.frame_length = int(sample_rate * _FRAME_SECONDS)
        self.shift = int(sample_rate * _SHIFT_SECONDS)
        self.n_fft = 1 << (self.frame_length - 1).bit_length()
        window = torch.hann_window(self.frame_length, periodic=False)
        self.register_buffer('window', window, persistent=False)
        self.register_buffer('filters', _mel_filters(self.n_fft, num_mel_bins, sample_rate),
                             persistent=False)

    def preprocess(self, inputs: Sequence[Tensor], data_samples: Any,
                   training: bool = False) -> tuple[Tensor, Any]:
        """Compute the filter banks of a batch.

        Args:
            inputs: N waveforms, each of shape (S_i,), at least 25 ms long.
            data_samples: Handed on.
            training: Makes no difference.

        Returns:
            Filter banks, shape (N, 1, num_frames, num_mel_bins), and ``data_samples``.

        Raises:
            ValueError: If a waveform is shorter than one window.
        """
        shortest = min(len(waveform) for waveform in inputs)
        if shortest < self.frame_length:
            raise ValueError(f'A waveform must have at least one window of {self.frame_length} '
                             f'samples (25 ms) for filter banks, got {shortest}; extend the sound.')
        banks = torch.stack([self._filter_bank(waveform.float()) for waveform in inputs])
        return ((banks - self.mean) / (2 * self.std)).unsqueeze(1), data_samples

    def _filter_bank(self, waveform: Tensor) -> Tensor:
        frames = (waveform - waveform.mean()).unfold(0, self.frame_length, self.shift)
        frames = frames[:self.num_frames] - frames[:self.num_frames].mean(dim=1, keepdim=True)
        # Before the first sample of a frame, Kaldi takes that sample once more.
        previous = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        spectrum = torch.fft.rfft((frames - _PREEMPHASIS * previous) * self.window, self.n_fft)
        # Half precision is too coarse for energies.
        with torch.autocast(waveform.device.type, enabled=False):
            energies = spectrum.abs().square() @ self.filters
        bank = energies.clamp_min(_ENERGY_FLOOR).log()
        return nn.functional.pad(bank, (0, 0, 0, self.num_frames - len(bank)))


def _mel_filters(n_fft: int, num_mel_bins: int, sample_rate: int) -> Tensor:
    from transformers.audio_utils import mel_filter_bank

    with warnings.catch_warnings():
        # With 128 filters the lowest ones hold no frequency of the transform; so it is in Kaldi.
        warnings.filterwarnings('ignore', 'At least one mel filter has all zero values')
        filters = mel_filter_bank(n_fft // 2 + 1, num_mel_bins, _LOWEST_HZ, sample_rate / 2,
                                  sample_rate, mel_scale='kaldi', triangularize_in_mel_space=True)
    return torch.from_numpy(filters).float()
