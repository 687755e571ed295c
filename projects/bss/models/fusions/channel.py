"""Channel gates inside the encoders (MMTM)."""
from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import torch
import torch.nn as nn
from mmengine.model import BaseModule, ModuleDict, ModuleList
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.base import pool_features
from projects.bss.models.fusions.sum import SumFusion
from projects.bss.models.presence import Present, zero_absent


class ChannelGates(BaseModule):
    """Gates for the channels of all modalities at one level, computed from all of them.

    Args:
        channels: Number of channels by modality.
        ratio: Factor by which the joint vector is narrower than twice the squeezed channels, > 0.
        gate_scale: Factor on the sigmoid.

    Raises:
        ValueError: If ``ratio`` leaves no joint vector.
    """

    def __init__(self, channels: Mapping[str, int], ratio: float, gate_scale: float) -> None:
        super().__init__()
        total = sum(channels.values())
        joint = int(2 * total / ratio) if ratio > 0 else 0
        if joint < 1:
            raise ValueError(f'`ratio` must lie above 0 and leave a joint vector of 2 * {total} '
                             f'channels / ratio, but got {ratio}: take a number up to {2 * total}.')
        self.gate_scale = gate_scale
        self.squeeze = nn.Linear(total, joint)
        self.excite = ModuleDict({name: nn.Linear(joint, width)
                                  for name, width in channels.items()})

    def forward(self, maps: Mapping[str, Tensor],
                present: Present | None = None) -> dict[str, Tensor]:
        """Gate feature maps.

        Args:
            maps: Feature maps by modality, each of shape (N, channels[name], ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Maps of the same shapes.
        """
        means = zero_absent({name: pool_features(maps[name]) for name in self.excite}, present)
        joint = self.squeeze(torch.cat(list(means.values()), dim=1)).relu()
        return {name: self._gate(layer(joint), maps[name]) for name, layer in self.excite.items()}

    def _gate(self, excitation: Tensor, x: Tensor) -> Tensor:
        gate = self.gate_scale * excitation.sigmoid()
        return gate.reshape(*gate.shape, *[1] * (x.dim() - 2)) * x


@MODELS.register_module()
class ChannelFusion(SumFusion):
    """Gate channels of all encoders jointly at several levels, then average linear classifiers.

    Of a clip, positions and frames together are squeezed and share one gate. The unimodal logits
    are those of the modalities' classifiers, and know of the other modalities by the gates.

    Args:
        in_channels: Width of the features by modality.
        num_classes: Number of classes C.
        levels: For each modality the sub-modules of its encoder behind which gates stand, in the
            order of the forward pass, with their numbers of channels, e.g.
            ``dict(audio=dict(layer3=256, layer4=512), video=dict(layer3=256, layer4=512))``.
        ratio: Factor by which the joint vector is narrower than twice the squeezed channels, > 0.
        gate_scale: Factor on the sigmoid: 1 as in the code of the paper's group; 2 as in the
            original, where gates without excitation change nothing.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``levels`` names other modalities or differing numbers of levels, or
            ``ratio`` leaves no joint vector.

    Reference:
        Joze et al., "MMTM: Multimodal Transfer Module for CNN Fusion", CVPR 2020, for two
        modalities; here for any number.
    """

    encodes_jointly = True

    def __init__(self,
                 in_channels: Mapping[str, int],
                 num_classes: int,
                 levels: Mapping[str, Mapping[str, int]],
                 ratio: float = 4,
                 gate_scale: float = 1.0,
                 init_cfg: dict | None = None) -> None:
        super().__init__(in_channels, num_classes, init_cfg)
        counts = {name: len(places) for name, places in levels.items()}
        if set(counts) != set(in_channels) or len(set(counts.values())) > 1 or 0 in counts.values():
            raise ValueError('`levels` must name one or more sub-modules for each of the '
                             f'modalities {list(in_channels)}, as many for one as for another, '
                             f'but the numbers are {counts}.')
        self.places = {name: tuple(levels[name]) for name in in_channels}
        widths = zip(*(levels[name].values() for name in in_channels))
        self.gates = ModuleList([ChannelGates(dict(zip(in_channels, level)), ratio, gate_scale)
                                 for level in widths])

    def encode(self, encoders: Mapping[str, nn.Module], inputs: Mapping[str, Tensor],
               present: Present | None = None) -> dict[str, Tensor]:
        """Run all encoders from level to level, with gates between.

        Args:
            encoders: Encoder by modality, each with a method ``segments``.
            inputs: Batched inputs by modality, each of shape (N, ...).
            present: Whether each sample has a modality, bool, shape (N,); None for all.

        Returns:
            Features by modality, each of shape (N, d_m).

        Raises:
            TypeError: If an encoder cannot be cut into segments.
        """
        segments = {name: _segments(name, encoders[name], places)
                    for name, places in self.places.items()}
        maps = dict(inputs)
        for level, gates in enumerate(self.gates):
            maps = gates({name: segments[name][level](x) for name, x in maps.items()}, present)
        return {name: pool_features(segments[name][-1](x)) for name, x in maps.items()}

    def forward(self, features: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
        """Classify every modality and average.

        Args:
            features: Features by modality, each of shape (N, in_channels[name]).
            present: Whether each sample has a modality, bool, shape (N,); an absent one is left
                out of the average. None for all.

        Returns:
            Fused logits, shape (N, C).
        """
        total = super().forward(features, present)
        if present is None:
            return total / len(self.in_channels)
        return total / torch.stack(list(present.values())).sum(dim=0).clamp(min=1)[:, None]


def _segments(modality: str, encoder: Any,
              places: Sequence[str]) -> Sequence[Callable[[Tensor], Tensor]]:
    if not hasattr(encoder, 'segments'):
        raise TypeError(
            f"ChannelFusion cannot reach into the encoder of modality '{modality}', a "
            f'{type(encoder).__name__}: use one with a method `segments`, such as '
            "TorchvisionEncoder('resnet18') or InceptionI3D.")
    return encoder.segments(places)
