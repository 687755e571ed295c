from __future__ import annotations

import sys

import pytest
import torch

from projects.bss.models import (MLPEncoder, MultiModalClassifier, TimmEncoder, TorchvisionEncoder,
                                 UnimodalClassifier)


@pytest.mark.parametrize('encoder', [lambda: TorchvisionEncoder('resnet18', in_channels=2),
                                     lambda: TimmEncoder('resnet18', in_channels=2)])
def test_frames_are_encoded_one_by_one_and_averaged(encoder):
    torch.manual_seed(0)
    encoder = encoder().eval()
    clip = torch.randn(2, 2, 3, 32, 40)
    with torch.no_grad():
        frames = torch.stack([encoder(clip[:, :, t]) for t in range(3)])
        features = encoder(clip)
    assert features.shape == (2, encoder.out_channels) == (2, 512)
    torch.testing.assert_close(features, frames.mean(dim=0), rtol=1e-4, atol=1e-5)


def test_video_network_sees_the_clip_as_a_whole():
    torch.manual_seed(0)
    encoder = TorchvisionEncoder('r3d_18', in_channels=1).eval()
    clip = torch.randn(1, 1, 4, 16, 16)
    with torch.no_grad():
        features, expected = encoder(clip), encoder.trunk(clip)
        backwards = encoder(clip.flip(2))
    torch.testing.assert_close(features, expected, rtol=0, atol=0)
    assert not torch.allclose(features, backwards)
    assert features.shape == (1, encoder.out_channels) == (1, 512)


def test_stem_for_one_channel_answers_as_to_three_equal_ones():
    torch.manual_seed(0)
    colour = TorchvisionEncoder('resnet18').eval()
    torch.manual_seed(0)
    grey = TorchvisionEncoder('resnet18', in_channels=1).eval()
    image = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(grey(image), colour(image.expand(-1, 3, -1, -1)),
                                   rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('name, width', [('mobilenet_v3_small', 1024), ('convnext_tiny', 768),
                                         ('densenet121', 1024)])
def test_width_is_that_of_the_removed_classifier(name, width):
    encoder = TorchvisionEncoder(name).eval()
    with torch.no_grad():
        features = encoder(torch.randn(1, 3, 32, 32))
    assert features.shape == (1, encoder.out_channels) == (1, width)


def test_timm_network_that_widens_its_features():
    encoder = TimmEncoder('mobilenetv3_small_100').eval()
    with torch.no_grad():
        features = encoder(torch.randn(1, 3, 32, 32))
    assert features.shape == (1, encoder.out_channels) == (1, 1024)


def test_network_without_a_linear_classifier():
    with pytest.raises(ValueError, match="'squeezenet1_1' has no linear layer"):
        TorchvisionEncoder('squeezenet1_1')


@pytest.mark.filterwarnings('ignore:The default weight initialization')
def test_network_with_auxiliary_classifiers():
    with pytest.raises(ValueError, match="'googlenet' has auxiliary classifiers"):
        TorchvisionEncoder('googlenet')


@pytest.mark.parametrize('encoder', [TorchvisionEncoder, TimmEncoder])
def test_initialisation_of_a_config(encoder):
    network = encoder('resnet18', init_cfg=dict(type='Constant', layer='Conv2d', val=0.25))
    network.init_weights()
    convolutions = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) == 20
    assert all((m.weight == 0.25).all() for m in convolutions)


def test_initialising_keeps_the_weights_of_a_timm_network():
    network = TimmEncoder('resnet18')
    before = {name: p.clone() for name, p in network.named_parameters()}
    network.init_weights()
    assert all(torch.equal(p, before[name]) for name, p in network.named_parameters())


def test_timm_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(ModuleNotFoundError, match='run `pip install timm`'):
        TimmEncoder('resnet18')


def test_mlp_by_hand():
    encoder = MLPEncoder(2, [2], 1)
    state = encoder.state_dict()
    for key, value in zip(state, ([[1., 1], [1, -1]], [0., 1], [[2., 3]], [-1.])):
        state[key] = torch.tensor(value)
    encoder.load_state_dict(state)
    assert encoder.out_channels == 1
    assert encoder(torch.tensor([[1., 2], [1, -3]])).tolist() == [[5], [14]]


def test_mmaction2_backbones_plug_in():
    small = dict(depth=18, pretrained=None, base_channels=8)
    widths = dict(rgb=64, depth=64)
    model = MultiModalClassifier(
        encoders=dict(
            rgb=dict(type='mmaction.ResNet3d', norm_eval=False, **small),
            depth=dict(type='mmaction.ResNet3dSlowOnly', in_channels=1, norm_eval=False, **small)),
        fusion=dict(type='ConcatFusion', in_channels=widths),
        head=dict(type='JointHead', num_classes=2, in_channels=widths, fused_channels=128))
    model.init_weights()
    clips = dict(rgb=torch.randn(2, 3, 8, 32, 32), depth=torch.randn(2, 1, 4, 32, 32))
    model.eval()
    out = model(clips)
    for name, clip in clips.items():
        maps = model.encoders[name](clip)
        torch.testing.assert_close(out['features'][name], maps.mean(dim=(2, 3, 4)))
    out['logits']['fused'].sum().backward()
    for name in clips:
        stem = model.modality_parameters(name)[0]
        assert stem.shape[1] == clips[name].shape[1] and stem.grad.abs().sum() > 0


def test_image_encoder_inside_a_unimodal_classifier():
    model = UnimodalClassifier(dict(type='TorchvisionEncoder', name='resnet18'), 'rgb', 4).eval()
    clip = torch.randn(1, 3, 2, 32, 32)
    with torch.no_grad():
        logits = model(dict(rgb=clip))['logits']['rgb']
        expected = model.classifier(model.encoders['rgb'](clip))
    torch.testing.assert_close(logits, expected)
