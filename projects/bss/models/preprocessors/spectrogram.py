"""Waveforms to spectrograms, in batches on the device of the model."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn as nn
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional.spectrogram import log_spectrogram


@MODELS.register_module()
class SpectrogramPreprocessor(nn.Module):
    """Turn waveforms of equal length into logarithmic spectrograms.

    Stands in ``MultiModalDataPreprocessor(preprocessors=dict(audio=...))``.

    Args:
        n_fft: Samples of a window, >= 2.
        hop_length: Samples from one frame to the next, >= 1.
        eps: What is added to the magnitudes before the logarithm, > 0.
        standardize: Whether each spectrogram is brought to mean 0 and variance 1.

    Reference:
        512 samples every 353 without normalisation: authors' published code of BSS (IJCAI 2025).
    """

    def __init__(self, n_fft: int = 512, hop_length: int = 353, eps: float = 1e-7,
                 standardize: bool = False) -> None:
        super().__init__()
        self.n_fft, self.hop_length, self.eps = n_fft, hop_length, eps
        self.standardize = standardize

    def preprocess(self, inputs: Sequence[Tensor], data_samples: Any,
                   training: bool = False) -> tuple[Tensor, Any]:
        """Compute the spectrograms of a batch.

        Args:
            inputs: N waveforms, each of shape (S,).
            data_samples: Handed on.
            training: Makes no difference.

        Returns:
            Spectrograms, shape (N, 1, F, T) with F = n_fft // 2 + 1 and T = 1 + S // hop_length,
            and ``data_samples``.

        Raises:
            ValueError: If the waveforms differ in length or are shorter than one window.
        """
        lengths = {len(waveform) for waveform in inputs}
        if len(lengths) > 1:
            raise ValueError('Waveforms of a batch must have one length for spectrograms, got '
                             f'{sorted(lengths)} samples; set `seconds` of LoadAudio.')
        # On a CPU one by one is faster than the batch, which does not fit into the cache.
        on_cpu = inputs[0].device.type == 'cpu'
        parts = [waveform.unsqueeze(0) for waveform in inputs] if on_cpu else [
            torch.stack(list(inputs))]
        spectrograms = torch.cat([log_spectrogram(part.float(), self.n_fft, self.hop_length,
                                                  self.eps) for part in parts])
        if self.standardize:
            std, mean = torch.std_mean(spectrograms, dim=(1, 2), correction=0, keepdim=True)
            spectrograms = (spectrograms - mean) / std.clamp_min(self.eps)
        return spectrograms.unsqueeze(1), data_samples
