"""Encoders made of other libraries' networks."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any, Sequence

import torch.nn as nn
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor
from torchvision.models import get_model
from torchvision.ops import MLP

from projects.bss.models.encoders.stem import inflate_stem


class _TrunkEncoder(BaseModule, metaclass=ABCMeta):
    """Encoder around a network that maps a batch to (N, out_channels)."""

    trunk: Any
    out_channels: int

    @property
    @abstractmethod
    def reads_frames(self) -> bool:
        """Whether the network takes single images, (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Encode images or clips.

        Args:
            x: Images, shape (N, C, H, W), or clips, shape (N, C, T, H, W).

        Returns:
            Features, shape (N, out_channels). An image network sees the frames of a clip one by
            one, and its features are averaged over them.
        """
        if x.dim() != 5 or not self.reads_frames:
            return self.trunk(x)
        frames = x.transpose(1, 2)
        features = self.trunk(frames.flatten(0, 1))
        return features.unflatten(0, frames.shape[:2]).mean(dim=1)


def _remove_classifier(network: nn.Module, name: str) -> int:
    linears = [(path, m) for path, m in network.named_modules() if isinstance(m, nn.Linear)]
    if not linears:
        raise ValueError(
            f'`name` must be a network that ends in a linear classifier, but {name!r} has no '
            'linear layer: choose another network, or write an encoder of your own.')
    path, classifier = linears[-1]
    network.set_submodule(path, nn.Identity())
    return classifier.in_features


def _change_stem(network: nn.Module, in_channels: int) -> None:
    stem = next(m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d)))
    if stem.in_channels != in_channels:
        stem.in_channels = in_channels
        stem.weight = nn.Parameter(inflate_stem(stem.weight.data, in_channels))


@MODELS.register_module()
class TorchvisionEncoder(_TrunkEncoder):
    """A torchvision image or video network without its classifier.

    Args:
        name: Name for ``torchvision.models.get_model``, e.g. ``'resnet18'`` or ``'r3d_18'``.
        weights: Name of torchvision weights, e.g. ``'DEFAULT'``, or ``None`` for random ones.
        in_channels: Number of input channels; the first convolution is spread over them.

    Raises:
        ValueError: If the network does not end in a linear classifier, or has auxiliary ones.
    """

    def __init__(self, name: str, weights: str | None = None, in_channels: int = 3) -> None:
        super().__init__()
        self.trunk = get_model(name, weights=weights)
        if getattr(self.trunk, 'aux_logits', False):
            raise ValueError(f'`name` must be a network with one output, but {name!r} has '
                             'auxiliary classifiers: choose another network, such as resnet18.')
        self.out_channels = _remove_classifier(self.trunk, name)
        _change_stem(self.trunk, in_channels)

    @property
    def reads_frames(self) -> bool:
        """Whether the network takes single images, (N, C, H, W)."""
        return not any(isinstance(module, nn.Conv3d) for module in self.trunk.modules())


@MODELS.register_module()
class TimmEncoder(_TrunkEncoder):
    """A timm image network without its classifier.

    Args:
        name: Name for ``timm.create_model``, e.g. ``'resnet18'``.
        pretrained: Load the weights that timm offers.
        in_channels: Number of input channels.

    Raises:
        ModuleNotFoundError: If timm is not installed.
    """

    reads_frames = True

    def __init__(self, name: str, pretrained: bool = False, in_channels: int = 3) -> None:
        super().__init__()
        try:
            from timm import create_model
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f'TimmEncoder({name!r}) needs timm, which is not '
                                      'installed: run `pip install timm`.') from error
        self.trunk = create_model(name, pretrained=pretrained, in_chans=in_channels, num_classes=0)
        # Some timm networks widen their features between the last stage and the classifier.
        self.out_channels = int(getattr(self.trunk, 'head_hidden_size', self.trunk.num_features))


@MODELS.register_module()
class MLPEncoder(MLP):
    """Multi-layer perceptron for vectors.

    Args:
        in_channels: Width of the input vectors.
        hidden: Widths of the hidden layers, each followed by a ReLU.
        out_channels: Width of the features.
    """

    def __init__(self, in_channels: int, hidden: Sequence[int], out_channels: int) -> None:
        super().__init__(in_channels, [*hidden, out_channels])
        self.out_channels = out_channels
