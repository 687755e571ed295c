"""Ways to join the features of all modalities (Eq. 2)."""
from projects.bss.models.fusions.base import Fusion
from projects.bss.models.fusions.concat import ConcatFusion, split_logits

__all__ = ['ConcatFusion', 'Fusion', 'split_logits']
