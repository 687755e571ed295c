"""Ways to join the features of all modalities (Eq. 2)."""
from projects.bss.models.fusions.affine import AffineFusion
from projects.bss.models.fusions.attention import AttentionFusion
from projects.bss.models.fusions.base import Fusion
from projects.bss.models.fusions.channel import ChannelFusion
from projects.bss.models.fusions.concat import ConcatFusion, split_logits
from projects.bss.models.fusions.lstm import LSTMFusion
from projects.bss.models.fusions.sum import SumFusion
from projects.bss.models.fusions.weight import WeightFusion

__all__ = [
    'AffineFusion', 'AttentionFusion', 'ChannelFusion', 'ConcatFusion', 'Fusion', 'LSTMFusion',
    'SumFusion', 'WeightFusion', 'split_logits'
]
