"""Logarithmic spectrograms of waveforms."""
from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def log_spectrogram(waveform: Tensor, n_fft: int = 512, hop_length: int = 353,
                    eps: float = 1e-7) -> Tensor:
    """Take the logarithm of the magnitudes of a short-time Fourier transform.

    ``log(|S| + eps)``, where frame t of S is centred on sample ``t * hop_length`` under a periodic
    Hann window of ``n_fft`` samples; at both ends the waveform is continued by its reflection.

    Args:
        waveform: Samples, shape (N, S), S >= n_fft.
        n_fft: Samples of a window, >= 2.
        hop_length: Samples from one frame to the next, >= 1.
        eps: What is added to the magnitudes, > 0.

    Returns:
        Shape (N, F, T), F = n_fft // 2 + 1 frequencies from 0 to half the sample rate,
        T = 1 + S // hop_length frames. It is differentiable.

    Raises:
        ValueError: If an argument is out of range or the waveform is shorter than one window.
    """
    if n_fft < 2 or hop_length < 1 or eps <= 0:
        raise ValueError('n_fft must be at least 2, hop_length at least 1 and eps positive, got '
                         f'{n_fft}, {hop_length} and {eps}; correct them.')
    if waveform.dim() != 2 or waveform.shape[1] < n_fft:
        raise ValueError('waveform must have the shape (N, S) with S at least one window of '
                         f'n_fft = {n_fft} samples, got {tuple(waveform.shape)}; extend the sound '
                         'or choose a smaller n_fft.')
    window = _hann_window(n_fft, waveform.dtype, waveform.device)
    spectrum = torch.stft(waveform, n_fft, hop_length, window=window, center=True,
                          pad_mode='reflect', return_complex=True)
    return torch.log(spectrum.abs() + eps)


@lru_cache(maxsize=16)
def _hann_window(n_fft: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    # Made in inference mode, it could not serve training later.
    with torch.inference_mode(False):
        return torch.hann_window(n_fft, dtype=dtype, device=device)
