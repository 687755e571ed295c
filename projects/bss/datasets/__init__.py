"""Data sets, their transforms and samplers."""
from projects.bss.datasets.avmnist import AVMNISTDataset
from projects.bss.datasets.base import MultiModalDataset
from projects.bss.datasets.collate import stack_streams
from projects.bss.datasets.cremad import CREMADDataset
from projects.bss.datasets.errors import UnreadableSampleError
from projects.bss.datasets.huggingface import HuggingFaceDataset
from projects.bss.datasets.kinetics_sounds import KineticsSoundsDataset
from projects.bss.datasets.nvgesture import NVGestureDataset
from projects.bss.datasets.samplers import BalanceSampler, Plan
from projects.bss.datasets.sarcasm import SarcasmDataset
from projects.bss.datasets.table import MultiModalTableDataset
from projects.bss.datasets.transforms import (AddBabble, CleanText, CountFrames, DegradeImage,
                                              DropModality, LoadArray, LoadAudio, LoadClip,
                                              LoadIdxImage, LoadImages, LoadVector,
                                              PackMultiModalInputs, SampleCrop, SampleWindow,
                                              Tokenize, TransformImages)
from projects.bss.datasets.twitter2015 import Twitter2015Dataset
from projects.bss.datasets.vggsound import VGGSoundDataset

__all__ = [
    'AVMNISTDataset', 'AddBabble', 'BalanceSampler', 'CREMADDataset', 'CleanText', 'CountFrames',
    'DegradeImage', 'DropModality', 'HuggingFaceDataset', 'KineticsSoundsDataset', 'LoadArray',
    'LoadAudio', 'LoadClip', 'LoadIdxImage', 'LoadImages', 'LoadVector', 'MultiModalDataset',
    'MultiModalTableDataset', 'NVGestureDataset', 'PackMultiModalInputs', 'Plan', 'SampleCrop',
    'SampleWindow', 'SarcasmDataset', 'Tokenize', 'TransformImages', 'Twitter2015Dataset',
    'UnreadableSampleError', 'VGGSoundDataset', 'stack_streams',
]
