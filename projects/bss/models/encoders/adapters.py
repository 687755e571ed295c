"""Encoders made of other libraries' networks."""
from __future__ import annotations

from abc import ABCMeta, abstractmethod
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Sequence

import torch
import torch.nn as nn
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor
from torchvision.models import ResNet, get_model
from torchvision.models.video import VideoResNet
from torchvision.ops import MLP

from projects.bss.models.encoders.segments import Layer, cut_layers
from projects.bss.models.encoders.stem import inflate_stem


class TrunkEncoder(BaseModule, metaclass=ABCMeta):
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
        return _mean_of_frames(self._fold_frames(self.trunk, x))

    def _fold_frames(self, layer: Layer, x: Tensor) -> Tensor:
        if x.dim() != 5 or not self.reads_frames:
            return layer(x)
        frames = x.transpose(1, 2)
        return layer(frames.flatten(0, 1)).unflatten(0, frames.shape[:2]).transpose(1, 2)


def _mean_of_frames(features: Tensor) -> Tensor:
    return features.mean(dim=2) if features.dim() == 3 else features


def _find_classifier(network: nn.Module, name: str) -> tuple[str, nn.Linear]:
    linears = [(path, m) for path, m in network.named_modules() if isinstance(m, nn.Linear)]
    if not linears:
        raise ValueError(
            f'`name` must be a network that ends in a linear classifier, but {name!r} has no '
            'linear layer: choose another network, or write an encoder of your own.')
    return linears[-1]


def _remove_classifier(network: nn.Module, name: str) -> int:
    path, classifier = _find_classifier(network, name)
    network.set_submodule(path, nn.Identity())
    return classifier.in_features


def _torchvision_model(name: str, weights: str | None) -> nn.Module:
    if weights is None or not weights.endswith(('.pth', '.pt')):
        return get_model(name, weights=weights)
    if not Path(weights).is_file():
        raise FileNotFoundError(
            f'`weights` of TorchvisionEncoder is {weights!r}, but there is no such file, and no '
            'download is tried unless weights are named as torchvision names them: give the file '
            "of a state dict, None for random weights, or 'DEFAULT' to download.")
    network = get_model(name, weights=None)
    try:
        network.load_state_dict(torch.load(weights, map_location='cpu', weights_only=True))
    except (RuntimeError, UnpicklingError) as error:
        raise ValueError(f'`weights` {weights!r} must hold the state dict of torchvision\'s '
                         f'{name!r}, but does not: {error}') from error
    return network


def _change_stem(network: nn.Module, in_channels: int) -> None:
    stem = next(m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Conv3d)))
    if stem.in_channels != in_channels:
        stem.in_channels = in_channels
        stem.weight = nn.Parameter(inflate_stem(stem.weight.data, in_channels))


@MODELS.register_module()
class TorchvisionEncoder(TrunkEncoder):
    """A torchvision image or video network without its classifier.

    Args:
        name: Name for ``torchvision.models.get_model``, e.g. ``'resnet18'`` or ``'r3d_18'``.
        weights: Local file of a torchvision state dict (``.pth`` or ``.pt``), name of weights that
            torchvision downloads, e.g. ``'DEFAULT'``, or ``None`` for random ones.
        in_channels: Number of input channels; the first convolution is spread over them.
        keep_classifier: Whether the features are the outputs of the classifier, 1000 for networks
            of ImageNet.
        out_channels: Width of a linear layer behind the features; ``None`` adds none.
        init_cfg: Initialisation config of mmengine, e.g. Kaiming for ``'Conv2d'``; it acts on
            loaded weights too.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the network does not end in a linear classifier or has auxiliary ones, or
            if the file holds another network.
    """

    def __init__(self, name: str, weights: str | None = None, in_channels: int = 3,
                 keep_classifier: bool = False, out_channels: int | None = None,
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        self.trunk = _torchvision_model(name, weights)
        if getattr(self.trunk, 'aux_logits', False):
            raise ValueError(f'`name` must be a network with one output, but {name!r} has '
                             'auxiliary classifiers: choose another network, such as resnet18.')
        width = (_find_classifier(self.trunk, name)[1].out_features if keep_classifier
                 else _remove_classifier(self.trunk, name))
        _change_stem(self.trunk, in_channels)
        self.projection = nn.Identity() if out_channels is None else nn.Linear(width, out_channels)
        self.out_channels = out_channels or width

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(super().forward(x))

    def segments(self, places: Sequence[str]) -> list[Layer]:
        """Cut the network into functions that give this encoder when run in a row.

        Args:
            places: Children of the network behind which to cut, such as ``('layer3', 'layer4')``.

        Returns:
            Functions of feature maps, one more than places. The maps of a clip have shape
            (N, C, T, H, W), also those of an image network.

        Raises:
            TypeError: If the network is not a ResNet, whose children run one after the other.
            ValueError: If it has no such children in that order.
        """
        if not isinstance(self.trunk, (ResNet, VideoResNet)):
            raise TypeError('TorchvisionEncoder can only cut a ResNet into segments, but holds a '
                            f'{type(self.trunk).__name__}: set `name` to resnet18 or the like.')
        layers: dict[str, Layer] = dict(self.trunk.named_children())
        classifier = layers.pop('fc')
        *first, last = cut_layers({**layers, 'flatten': nn.Flatten(), 'fc': classifier}, places)
        return [*(partial(self._fold_frames, segment) for segment in first),
                lambda x: self.projection(_mean_of_frames(self._fold_frames(last, x)))]

    @property
    def reads_frames(self) -> bool:
        """Whether the network takes single images, (N, C, H, W)."""
        return not any(isinstance(module, nn.Conv3d) for module in self.trunk.modules())


@MODELS.register_module()
class TimmEncoder(TrunkEncoder):
    """A timm image network without its classifier.

    Args:
        name: Name for ``timm.create_model``, e.g. ``'resnet18'``.
        pretrained: Load the weights that timm offers.
        in_channels: Number of input channels.
        init_cfg: Initialisation config of mmengine; it acts on loaded weights too.

    Raises:
        ModuleNotFoundError: If timm is not installed.
    """

    reads_frames = True

    def __init__(self, name: str, pretrained: bool = False, in_channels: int = 3,
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        try:
            from timm import create_model
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f'TimmEncoder({name!r}) needs timm, which is not '
                                      'installed: run `pip install timm`.') from error
        self.trunk = create_model(name, pretrained=pretrained, in_chans=in_channels, num_classes=0)
        # Otherwise mmengine calls init_weights of the network, which draws over loaded weights.
        self.trunk.is_init = True
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
