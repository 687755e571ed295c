from __future__ import annotations

from functools import reduce

import pytest
import torch

from projects.bss.models import InceptionI3D, TorchvisionEncoder
from projects.bss.models.encoders.segments import cut_layers

LAYERS = dict(a=lambda x: x + 1, b=lambda x: 2 * x, c=lambda x: x - 3, d=lambda x: x * x)


@pytest.mark.parametrize('places, values', [
    ((), [81]), (('b', ), [12, 81]), (('a', 'c'), [6, 9, 81]), (('d', ), [81, 81])])
def test_cut_behind_places(places, values):
    segments = cut_layers(LAYERS, places)
    x, found = 5, []
    for segment in segments:
        x = segment(x)
        found.append(x)
    assert found == values


@pytest.mark.parametrize('places', [['e'], ['c', 'a']])
def test_places_that_are_no_layers_in_that_order(places):
    with pytest.raises(ValueError, match=r"`levels` must name layers of the encoder in the order "
                                         r"of its forward pass, \['a', 'b', 'c', 'd'\], but got"):
        cut_layers(LAYERS, places)


@pytest.mark.parametrize('encoder, shape', [
    (dict(name='resnet18', out_channels=7), (2, 3, 32, 32)),
    (dict(name='resnet18', keep_classifier=True), (2, 3, 2, 32, 32)),
    (dict(name='r3d_18'), (1, 3, 4, 32, 32)),
])
def test_segments_in_a_row_are_the_encoder(encoder, shape):
    torch.manual_seed(0)
    whole = TorchvisionEncoder(**encoder).eval()
    x = torch.randn(shape)
    segments = whole.segments(('layer1', 'layer3'))
    assert len(segments) == 3
    maps = segments[0](x)
    assert maps.shape[:2] == (shape[0], 64) and maps.dim() == x.dim()
    torch.testing.assert_close(segments[2](segments[1](maps)), whole(x), rtol=0, atol=0)


def test_segments_of_i3d():
    torch.manual_seed(0)
    whole = InceptionI3D(width=1 / 16, num_classes=5).eval()
    x = torch.randn(1, 3, 8, 32, 32)
    segments = whole.segments(('Mixed_4f', 'Mixed_5b', 'Mixed_5c'))
    assert segments[0](x).shape[1] == 52
    result = reduce(lambda value, segment: segment(value), segments, x)
    torch.testing.assert_close(result, whole(x), rtol=0, atol=0)


def test_a_network_with_branches():
    with pytest.raises(TypeError, match='can only cut a ResNet into segments, but holds a '
                                        'MobileNetV3'):
        TorchvisionEncoder('mobilenet_v3_small').segments(('features', ))
