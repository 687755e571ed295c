"""Data preprocessors, which run in batches on the device of the model."""
from projects.bss.models.preprocessors.arrays import ArrayPreprocessor
from projects.bss.models.preprocessors.filter_bank import FilterBankPreprocessor
from projects.bss.models.preprocessors.spectrogram import SpectrogramPreprocessor
from projects.bss.models.preprocessors.stream import StreamPreprocessor
from projects.bss.models.preprocessors.tokens import TokenPreprocessor

__all__ = [
    'ArrayPreprocessor', 'FilterBankPreprocessor', 'SpectrogramPreprocessor', 'StreamPreprocessor',
    'TokenPreprocessor'
]
