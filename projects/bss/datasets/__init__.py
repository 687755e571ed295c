"""Data sets, their transforms and samplers."""
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.nvgesture import NVGestureDataset
from projects.bss.datasets.samplers import BalanceSampler, Plan
from projects.bss.datasets.sarcasm import SarcasmDataset
from projects.bss.datasets.transforms import (CleanText, LoadClip, PackMultiModalInputs, SampleCrop,
                                              SampleWindow, Tokenize)
from projects.bss.datasets.twitter2015 import Twitter2015Dataset

__all__ = [
    'BalanceSampler', 'CleanText', 'LoadClip', 'MultiModalDataset', 'NVGestureDataset',
    'PackMultiModalInputs', 'Plan', 'SampleCrop', 'SampleWindow', 'SarcasmDataset', 'Tokenize',
    'Twitter2015Dataset', 'UnreadableSampleError',
]
