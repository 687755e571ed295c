"""Ways to join the features of all modalities (Eq. 2)."""
from projects.bss.models.fusions.base import Fusion
from projects.bss.models.fusions.concat import ConcatFusion, split_logits
from projects.bss.models.fusions.sum import SumFusion

__all__ = ['ConcatFusion', 'Fusion', 'SumFusion', 'split_logits']
