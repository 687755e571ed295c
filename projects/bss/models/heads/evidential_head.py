"""Evidence of every view, combined to one opinion (ETMC)."""
from __future__ import annotations

from typing import Mapping

import torch.nn as nn
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmengine.model import ModuleDict
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.functional import combine_opinions, evidential_loss
from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models.fusions import Fusion
from projects.bss.models.heads.base import StreamHead, fused_classifier
from projects.bss.models.presence import Present, zero_absent

PSEUDO_VIEW = 'pseudo_view'


@MODELS.register_module()
class EvidentialHead(StreamHead):
    """Dirichlet evidence of every modality and of the fused vector, the pseudo-view, combined.

    The logits of a stream are the logarithms of its concentrations, so that their softmax is the
    expected probability of each class. The fused stream is the combination of all views and
    predicts alone. All streams and the pseudo-view are trained with weight 1. An absent modality
    has no evidence, which leaves the combination as it is.

    Args:
        num_classes: Number of classes C.
        in_channels: Width of the features by modality.
        fused_channels: Width of the fused vector; None for a fusion that gives logits itself.
        annealing_epochs: Epochs, counted from 0, over which the weight of the divergence rises
            from 0 to 1, at least 1. Outside a Runner the weight is 1.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``annealing_epochs`` is less than 1 or a modality is called
            ``'pseudo_view'``.

    Reference:
        Han et al., "Trusted Multi-View Classification with Dynamic Evidential Fusion", TPAMI 2023.
    """

    def __init__(self,
                 num_classes: int,
                 in_channels: Mapping[str, int],
                 fused_channels: int | None,
                 annealing_epochs: int = 10,
                 init_cfg: dict | None = None) -> None:
        if annealing_epochs < 1:
            raise ValueError(f'`annealing_epochs` must be at least 1, but got {annealing_epochs}: '
                             'it is the epoch from which the divergence has its full weight.')
        if PSEUDO_VIEW in in_channels:
            raise ValueError(f"No modality may be called '{PSEUDO_VIEW}', which is a view of "
                             'EvidentialHead: rename that modality.')
        views = (*in_channels, PSEUDO_VIEW)
        super().__init__(num_classes, fused_channels, dict.fromkeys((*views, FUSED), 1.0),
                         (FUSED, ), in_channels, init_cfg)
        self.annealing_epochs = annealing_epochs
        self.classifiers = ModuleDict({
            **{name: nn.Linear(width, num_classes) for name, width in in_channels.items()},
            PSEUDO_VIEW: fused_classifier(fused_channels, num_classes)
        })

    def forward(self, features: Mapping[str, Tensor], fusion: Fusion | None = None,
                present: Present | None = None) -> dict[str, Tensor]:
        """Give the logarithms of all concentrations.

        Args:
            features: Features by modality, each of shape (N, d_m), and ``'fused'``, shape
                (N, fused_channels).
            fusion: Not used.
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Logits by stream, with ``'pseudo_view'`` before the last, each of shape (N, C), >= 0,
            float32.
        """
        vectors = {**features, PSEUDO_VIEW: features[FUSED]}
        evidence = zero_absent({name: F.softplus(full_precision(layer(vectors[name])))
                                for name, layer in self.classifiers.items()}, present)
        fused = combine_opinions([1 + rows for rows in evidence.values()])
        return {**{name: rows.log1p() for name, rows in evidence.items()}, FUSED: fused.log()}

    def sample_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the evidential loss of each sample in one stream.

        Args:
            logits: Logarithms of the concentrations, shape (N, C).
            labels: Class indices, shape (N,), in [0, C).

        Returns:
            Loss, shape (N,).
        """
        return evidential_loss(logits.exp(), labels, self.divergence_weight)

    @property
    def divergence_weight(self) -> float:
        """Weight of the divergence at this epoch of training; 1 in evaluation."""
        epoch = MessageHub.get_current_instance().get_info('epoch')
        if not self.training or epoch is None:
            return 1.0
        return min(1.0, epoch / self.annealing_epochs)
