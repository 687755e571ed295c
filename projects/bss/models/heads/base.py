"""What every head has in common."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Iterable, Mapping, Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from projects.bss.functional.measure import FUSED, full_precision
from projects.bss.models.fusions import Fusion
from projects.bss.models.fusions.base import WeightBlock
from projects.bss.models.presence import Present, mean_of_present, zero_absent


def fused_classifier(fused_channels: int | None, num_classes: int) -> nn.Module:
    """Make the classifier of the fused vector: linear, or none where the fusion has its own."""
    return nn.Identity() if fused_channels is None else nn.Linear(fused_channels, num_classes)


class StreamHead(BaseModule, metaclass=ABCMeta):
    """Logits of every stream, their losses, and the prediction made of them.

    Args:
        num_classes: Number of classes C.
        fused_channels: Width of the fused vector; None for a fusion that gives logits itself.
        loss_weights: Weight by stream; a stream that is not named is not trained.
        inference_streams: Streams whose logits are summed for the prediction.
        in_channels: Width of the features by modality; None for a head that reads the fused
            vector only.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If there is no stream to train or to infer from.
    """

    def __init__(self,
                 num_classes: int,
                 fused_channels: int | None,
                 loss_weights: Mapping[str, float],
                 inference_streams: Sequence[str],
                 in_channels: Mapping[str, int] | None = None,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        for argument, names in (('loss_weights', loss_weights),
                                ('inference_streams', inference_streams)):
            if not names:
                raise ValueError(f'`{argument}` must name at least one stream, but is empty: '
                                 'name some, or leave it at None for the default.')
        self.num_classes = num_classes
        self.fused_channels = fused_channels
        self.in_channels = None if in_channels is None else dict(in_channels)
        self.loss_weights = dict(loss_weights)
        self.inference_streams = tuple(inference_streams)

    def check_fusion(self, fusion: Fusion) -> None:
        """Check that this head and a fusion fit together.

        Args:
            fusion: The fusion of the model.

        Raises:
            ValueError: If widths, modalities or the number of classes differ.
        """
        if self.in_channels not in (None, fusion.in_channels):
            raise ValueError('`head.in_channels` must name the modalities and widths of '
                             f'`fusion.in_channels`, {fusion.in_channels}, but got '
                             f'{self.in_channels}.')
        if fusion.gives_logits and fusion.out_channels != self.num_classes:
            raise ValueError(f'`fusion.num_classes` must be that of the head, {self.num_classes}, '
                             f'but got {fusion.out_channels}.')
        if fusion.gives_logits and self.fused_channels is not None:
            raise ValueError(f'`head.fused_channels` must be None, because {type(fusion).__name__}'
                             f' gives the fused logits itself, but got {self.fused_channels}.')
        if not fusion.gives_logits and self.fused_channels != fusion.out_channels:
            raise ValueError(f'`head.fused_channels` must be the width of the fusion, '
                             f'{fusion.out_channels}, but got {self.fused_channels}.')

    @abstractmethod
    def forward(self, features: Mapping[str, Tensor], fusion: Fusion,
                present: Present | None = None) -> dict[str, Tensor]:
        """Compute the logits of every stream.

        Args:
            features: Features by modality, each of shape (N, d_m), and ``'fused'``, shape
                (N, fused_channels).
            fusion: The fusion that made the fused vector.
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Logits by stream, the modalities first and ``'fused'`` last, each of shape (N, C).
        """

    def modality_weights(self, fusion: Fusion) -> dict[str, list[WeightBlock]]:
        """Tell which weights behind the encoders read one modality alone.

        Args:
            fusion: The fusion that makes the fused vector.

        Returns:
            By modality, weights of shape (C, ...) and the columns of each that read it. Empty for
            a head that does not tell.
        """
        return {}

    def sample_losses(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of each sample in one stream.

        Args:
            logits: Logits of the stream, shape (N, C).
            labels: Class indices, shape (N,), in [0, C).

        Returns:
            Cross-entropy, shape (N,). Half precision is computed in float32.
        """
        return F.cross_entropy(full_precision(logits), labels, reduction='none')

    def loss(self, logits: Mapping[str, Tensor], labels: Tensor,
             present: Present | None = None) -> dict[str, Tensor]:
        """Compute the weighted loss of each trained stream; their sum is the training loss.

        Args:
            logits: Logits by stream, each of shape (N, C).
            labels: Class indices, shape (N,), in [0, C).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            ``loss_<stream>`` by name, each a scalar: the mean over the samples that have the
            modality, 0 if none has.
        """
        return {
            f'loss_{name}': mean_of_present(weight * self.sample_losses(logits[name], labels),
                                            None if present is None else present.get(name))
            for name, weight in self.loss_weights.items()
        }

    def predict(self, logits: Mapping[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Turn logits into class probabilities.

        Args:
            logits: Logits by stream, each of shape (N, C).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Probabilities by stream, each of shape (N, C), float32. ``'fused'`` stands for the
            sum of the logits of ``inference_streams``. Those of an absent modality are uniform,
            and it is left out of the sum.

        Reference:
            BSS (IJCAI 2025), Eq. 12.
        """
        known = zero_absent({name: rows.float() for name, rows in logits.items()}, present)
        total = torch.stack([known[name] for name in self.inference_streams]).sum(dim=0)
        return {name: rows.softmax(dim=1) for name, rows in {**known, FUSED: total}.items()}


def check_streams(argument: str, names: Iterable[str], streams: Sequence[str]) -> None:
    """Check that an argument names streams.

    Args:
        argument: Name of the argument.
        names: What it names.
        streams: The streams that there are.

    Raises:
        ValueError: If it names something else.
    """
    unknown = sorted(set(names) - set(streams))
    if unknown:
        raise ValueError(f'`{argument}` must name streams of this head, which are {streams}, but '
                         f'got {unknown}: correct or remove them.')
