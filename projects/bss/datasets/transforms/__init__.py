"""Transforms of the data pipeline."""
from projects.bss.datasets.transforms.count_frames import CountFrames
from projects.bss.datasets.transforms.crop import SampleCrop
from projects.bss.datasets.transforms.degrade import AddBabble, DegradeImage
from projects.bss.datasets.transforms.drop import DropModality
from projects.bss.datasets.transforms.load import LoadClip
from projects.bss.datasets.transforms.load_array import LoadArray, LoadVector
from projects.bss.datasets.transforms.load_audio import LoadAudio
from projects.bss.datasets.transforms.load_idx import LoadIdxImage
from projects.bss.datasets.transforms.load_images import LoadImages
from projects.bss.datasets.transforms.pack import PackMultiModalInputs
from projects.bss.datasets.transforms.stream import StreamLoader
from projects.bss.datasets.transforms.text import CleanText, Tokenize
from projects.bss.datasets.transforms.transform_images import TransformImages
from projects.bss.datasets.transforms.window import SampleWindow

__all__ = [
    'AddBabble', 'CleanText', 'CountFrames', 'DegradeImage', 'DropModality', 'LoadArray',
    'LoadAudio', 'LoadClip', 'LoadIdxImage', 'LoadImages', 'LoadVector', 'PackMultiModalInputs',
    'SampleCrop', 'SampleWindow', 'StreamLoader', 'Tokenize', 'TransformImages',
]
