"""Encoders, fusions, heads and the classifiers made of them."""
from projects.bss.models.base import StreamClassifier, pool_features, stack_labels
from projects.bss.models.classifier import MultiModalClassifier
from projects.bss.models.encoders import (BertEncoder, ClipTextEncoder, ClipVisionEncoder,
                                          InceptionI3D, MLPEncoder, SmallConvEncoder, TimmEncoder,
                                          TorchvisionEncoder, inflate_stem)
from projects.bss.models.fusions import (AffineFusion, AttentionFusion, ChannelFusion, ConcatFusion,
                                         Fusion, LSTMFusion, SumFusion, WeightFusion, split_logits)
from projects.bss.models.heads import EvidentialHead, JointHead, SplitHead, StreamHead
from projects.bss.models.preprocessors import (ArrayPreprocessor, FilterBankPreprocessor,
                                               SpectrogramPreprocessor, StreamPreprocessor,
                                               TokenPreprocessor)
from projects.bss.models.unimodal import UnimodalClassifier

__all__ = [
    'AffineFusion', 'ArrayPreprocessor', 'AttentionFusion', 'BertEncoder', 'ChannelFusion',
    'ClipTextEncoder', 'ClipVisionEncoder', 'ConcatFusion', 'EvidentialHead',
    'FilterBankPreprocessor', 'Fusion', 'InceptionI3D', 'JointHead', 'LSTMFusion', 'MLPEncoder',
    'MultiModalClassifier', 'SmallConvEncoder', 'SpectrogramPreprocessor', 'SplitHead',
    'StreamClassifier', 'StreamHead', 'StreamPreprocessor', 'SumFusion', 'TimmEncoder',
    'TokenPreprocessor', 'TorchvisionEncoder', 'UnimodalClassifier', 'WeightFusion',
    'inflate_stem', 'pool_features', 'split_logits', 'stack_labels'
]
