"""The small convolutional encoder."""
from __future__ import annotations

import pytest
import torch
from mmengine.registry import MODELS
from torch.nn.functional import batch_norm, conv2d

from projects.bss.models import SmallConvEncoder


def test_features_are_those_of_its_layers_written_out() -> None:
    torch.manual_seed(0)
    encoder = MODELS.build(dict(type='SmallConvEncoder', in_channels=2, widths=(4, 6))).eval()
    images = torch.randn(3, 2, 9, 12)
    x = images
    for index in (0, 3):
        convolution, norm = encoder.trunk[index], encoder.trunk[index + 1]
        x = conv2d(x, convolution.weight, stride=2, padding=1)
        x = batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias).clamp(min=0)
    assert x.shape == (3, 6, 3, 3)
    with torch.no_grad():
        features = encoder(images)
    torch.testing.assert_close(features, x.mean(dim=(2, 3)))
    assert encoder.out_channels == 6


def test_frames_are_averaged() -> None:
    torch.manual_seed(0)
    encoder = SmallConvEncoder(1).eval()
    clip = torch.randn(2, 1, 3, 28, 28)
    with torch.no_grad():
        frames = torch.stack([encoder(clip[:, :, t]) for t in range(3)])
        torch.testing.assert_close(encoder(clip), frames.mean(dim=0))


def test_stacked_frames_are_channels_of_one_picture() -> None:
    torch.manual_seed(0)
    encoder = SmallConvEncoder(2, (4, 6), stacked_frames=3).eval()
    clip = torch.randn(2, 2, 3, 9, 12)
    first = encoder.trunk[1]
    assert first.in_channels == 6
    # Channel c of frame t is channel 3 c + t.
    picture = torch.stack([clip[:, c, t] for c in range(2) for t in range(3)], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(encoder(clip), encoder.trunk[1:](picture))
        backwards = encoder(clip.flip(2))
    assert not torch.allclose(backwards, encoder(clip))


def test_a_grid_tells_where_a_feature_is() -> None:
    torch.manual_seed(0)
    encoder = SmallConvEncoder(1, (3, 5), grid=2).eval()
    images = torch.randn(4, 1, 16, 16)
    *convolutional, _, _, linear, _ = encoder.trunk
    with torch.no_grad():
        maps = torch.nn.Sequential(*convolutional)(images)
        assert maps.shape == (4, 5, 4, 4)
        regions = torch.stack([maps[:, :, top:top + 2, left:left + 2].mean(dim=(2, 3))
                               for top in (0, 2) for left in (0, 2)], dim=2)
        expected = (regions.flatten(1) @ linear.weight.T + linear.bias).clamp(min=0)
        torch.testing.assert_close(encoder(images), expected)
    assert encoder.out_channels == 5


def test_no_region() -> None:
    with pytest.raises(ValueError, match='`grid` must be at least 1, but got 0: 1 averages over'):
        SmallConvEncoder(1, grid=0)


def test_no_layer() -> None:
    with pytest.raises(ValueError, match='`widths` must name the width of at least one layer'):
        SmallConvEncoder(1, ())
