"""Data sets, their transforms and samplers."""
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.nvgesture import NVGestureDataset
from projects.bss.datasets.samplers import BalanceSampler, Plan
from projects.bss.datasets.transforms import (LoadClip, PackMultiModalInputs, SampleCrop,
                                              SampleWindow)

__all__ = [
    'BalanceSampler', 'LoadClip', 'MultiModalDataset', 'NVGestureDataset', 'PackMultiModalInputs',
    'Plan', 'SampleCrop', 'SampleWindow', 'UnreadableSampleError',
]
