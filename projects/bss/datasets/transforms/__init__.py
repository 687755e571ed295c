"""Transforms of the data pipeline."""
from projects.bss.datasets.transforms.crop import SampleCrop
from projects.bss.datasets.transforms.load import LoadClip
from projects.bss.datasets.transforms.pack import PackMultiModalInputs
from projects.bss.datasets.transforms.text import CleanText, Tokenize
from projects.bss.datasets.transforms.window import SampleWindow

__all__ = [
    'CleanText', 'LoadClip', 'PackMultiModalInputs', 'SampleCrop', 'SampleWindow', 'Tokenize',
]
